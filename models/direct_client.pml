/* SPDX-License-Identifier: Apache-2.0 */

/* The life of a direct client (§3) beside gateways, failing replicas and view changes, searched completely.
 *
 * The client has REQUESTS_DIRECT requests. It says hello, takes the welcomes, sends frames (each with the next request, or
 * null because it was asked or has nothing more), rests at any time it has nothing to send, repeats hello up to HELLOS
 * times, learns of a new view at any time after a replica installed it and then sends again what is unanswered. With
 * CLIENT_DIES it may die at any time: of what is under way each replica gets as much as it happens to, so also the half of a
 * broadcast; with CLIENT_HANGS it may stop and leave its connections open. A replica that lost it while it was active, or
 * asked it in vain, has to ask for a view with the same replicas; a client that is only slow may be taken for lost CHANGES
 * times. FAILURES replicas fail as in flush.pml. With INSTANT what replicas tell the client arrives at once (client.pml).
 *
 * When nothing is under way, all members are equal and at the newest view, whatever they hold is executed, nobody waits for
 * a client that is gone or that was not asked, and a client that lives has all its answers.
 *
 * Asserted: I1, I2, I3, I4, I6, I9 and I10 as in replica.pml, and that a client that keeps the rules is never refused.
 * Connections of a living client do not break here; src/smr/direct_client_test.cc and the schedules have that.
 */
#define X (N + 1)
#if defined(CLIENT_DIES) || defined(CLIENT_HANGS)
#define V (3 + FAILURES + CHANGES)
#else
#define V (2 + FAILURES + CHANGES)
#endif
#ifndef S
#define S 3
#endif
#define Q 12
#define REQUESTS (REQUESTS_GATEWAY + REQUESTS_DIRECT)
#include "replica.pml"
#include "environment.pml"

#define HEARS(j) :: d_step { client_alive && nempty(down[j]) -> hear(j) }
#define LEARNS_VIEW(j) \
  :: d_step { client_alive && replica[j].alive && replica[j].is_full && replica[j].installed > client_view -> hear_view(replica[j].installed) }
#define LAST (client_seq == S - 1)

proctype Client() {
end:
  do
  :: d_step { client_alive && client_state == c_passive && (!ALL_SENT || client_entangled) && client_seq < S -> say_hello() }
  :: d_step { client_alive && client_state == c_hello && hellos > 0 -> hellos--; say_hello() }
  :: d_step { client_alive && client_state == c_active && !ALL_SENT && !LAST -> send_request(0) }
  :: d_step { client_alive && client_state == c_active && !ALL_SENT -> send_request(1) }
  :: d_step { client_alive && client_state == c_active && ALL_SENT && client_solicited && !LAST -> send_client_frame(0, 0) }
  :: d_step { client_alive && client_state == c_active && ALL_SENT -> send_client_frame(0, 1) }
#ifdef CLIENT_DIES
  :: d_step { client_alive -> client_stops(0) }
#endif
#ifdef CLIENT_HANGS
  :: d_step { client_alive -> client_stops(1) }
#endif
  HEARS(0)
  HEARS(1)
#if N > 2
  HEARS(2)
#endif
  LEARNS_VIEW(0)
  LEARNS_VIEW(1)
#if N > 2
  LEARNS_VIEW(2)
#endif
  od
}

/* §3.5. A replica that lost the client while it was active, or waits for its answer, asks for a view with the same replicas.
 * A client that is only slow may be taken for lost CHANGES times. */
#ifdef NO_SETTLE
#define ASKS(i) 0
#else
#define ASKS(i)                                                            \
  (WORKING(i) && replica[i].installed == newest && replica[i].is_active &&    \
   (replica[i].lost || (replica[i].solicited && (client_hangs || (client_alive && changes < CHANGES)))))
#endif
#define LOSES(i) (replica[i].alive && !client_alive && !client_hangs && nempty(up[i]))

proctype Replica(byte i) {
end:
  do
  :: atomic {
       if
       EVENTS
       :: replica[i].alive && nempty(up[i]) -> event = e_client
       :: LOSES(i) -> event = e_loses
       :: ASKS(i) -> event = e_asks
       fi;
       skip;
       d_step { perform() }
     }
  od
}

/* An active client that has sent everything and was not asked rests after a while. Nobody may have to wait for that. */
#define CLIENT_WILL_ACT                                            \
  ((client_state == c_active && (!ALL_SENT || client_solicited)) || \
   (client_state == c_passive && client_seq < S && (client_entangled || !ALL_SENT)))
#define SAME_VIEW(a) (!replica[a].alive || !replica[a].is_full || replica[a].installed <= client_view)

proctype Environment() {
end:
  do
  :: d_step {
       quiet();
       for (a : 0 .. N - 1) {
         ok = (ok && (!replica[a].alive || (empty(up[a]) && !ASKS(a))) && empty(down[a]));
         ok = (ok && (!client_alive || SAME_VIEW(a)))
       };
       if
       :: client_alive && CLIENT_WILL_ACT -> ok = 0
       :: else
       fi;
       if
       :: ok && !client_alive -> check_quiet()
       :: ok && client_alive && client_seq < S ->
          check_quiet();
          assert(client_state != c_hello && client_answered == BIT(REQUESTS_DIRECT) - 1)
       :: else
       fi
     }
  od
}

init {
  d_step {
    begin_with(N);
    client_alive = 1;
    client_view = 1;
    hellos = HELLOS
  }
  atomic {
    for (j : 0 .. N - 1) { run Replica(j) }
    run Client();
    run Environment()
  }
}
