/* SPDX-License-Identifier: Apache-2.0 */

/* The flush (§4) with failing members and a joiner (§6), searched completely.
 *
 * The environment: gateways are given REQUESTS requests at any time. FAILURES replicas fail at any time: the register takes
 * one out of its record, and then it is dead, or it lives on and does not know (a wrong suspicion). JOINS = 1: replica N-1
 * is a learner that the register takes in at any time. As the protocol demands, one full member of the newest record is
 * always left. Each replica learns of records when it does, and may miss some.
 *
 * Whenever nothing is under way, all members of the newest record have installed it, are equal, and have executed whatever
 * they hold: so no flush waits indefinitely.
 *
 * Asserted: I1, I2, I3, I4, I6, I9, I10 in the sense of replica.pml, and that what was answered is in the state of all who
 * install the newest view. I5 is the rule whose absence (NO_WEDGE) breaks them.
 */
#ifndef JOINS
#define JOINS 0
#endif
#define X N
#define V (2 + FAILURES + JOINS)
#define REQUESTS_GATEWAY REQUESTS
#define S 2
#define Q 12
#include "replica.pml"
#include "environment.pml"

#if JOINS
bit joined;
#endif

proctype Replica(byte i) {
end:
  do
  :: atomic {
       if
       EVENTS
       fi;
       skip;
       d_step { perform() }
     }
  od
}

proctype Environment() {
end:
  do
  :: d_step {
       quiet();
       if
       :: ok -> check_quiet()
       :: else
       fi
     }
#if JOINS
  :: d_step {
       !joined ->
       joined = 1;
       publish(members[newest] | BIT(N - 1));
       forget()
     }
#endif
  od
}

init {
  d_step { begin_with(N - JOINS) }
  atomic {
    for (j : 0 .. N - 1) { run Replica(j) }
    run Environment()
  }
}
