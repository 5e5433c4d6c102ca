/* SPDX-License-Identifier: Apache-2.0 */

/* What both models share of the world around the replicas: requests, failures, the register, what follows a step, what must
 * hold when nothing is under way, and the beginning. */

mtype = { e_submit, e_owed, e_dies, e_excluded, e_left_out, e_learns, e_takes, e_client, e_loses, e_asks };
hidden mtype event;
hidden byte which;  /* record or sender */

#define FULL_MEMBER(i) (replica[i].alive && replica[i].is_full && HAS(members[newest], i))
#define MAIL(j) (i != j && replica[i].alive && nempty(LINK(j, i)))
#define NEWS(w) (replica[i].alive && w <= newest && w > replica[i].record)
#if N > 2
#define ANOTHER_FULL ((i != 0 && FULL_MEMBER(0)) || (i != 1 && FULL_MEMBER(1)) || (i != 2 && FULL_MEMBER(2)))
#define GIVEN (given[0] + given[1] + given[2])
#else
#define ANOTHER_FULL FULL_MEMBER(1 - i)
#define GIVEN (given[0] + given[1])
#endif
#define MAY_FAIL (failures < FAILURES && HAS(members[newest], i) && ANOTHER_FULL)

#define TAKES(j) :: MAIL(j) -> event = e_takes; which = j
#define LEARNS(w)                                                          \
  :: NEWS(w) && HAS(members[w], i) -> event = e_learns; which = w          \
  :: NEWS(w) && !HAS(members[w], i) && me_.record > 0 -> event = e_left_out
#if N > 2
#define TAKES_ANY TAKES(0) TAKES(1) TAKES(2)
#else
#define TAKES_ANY TAKES(0) TAKES(1)
#endif
#if V == 2
#define LEARNS_ANY
#elif V == 3
#define LEARNS_ANY LEARNS(2)
#elif V == 4
#define LEARNS_ANY LEARNS(2) LEARNS(3)
#elif V == 5
#define LEARNS_ANY LEARNS(2) LEARNS(3) LEARNS(4)
#endif

/* Everything that can happen to replica i, but for direct clients. A failure is seen when the register takes the replica
 * out: until then it is the same as not having its turn. Then it is dead, or it lives on and does not know (a wrong
 * suspicion). */
#define EVENTS                                                                                  \
  :: MAY_ACT(i) && GIVEN < REQUESTS_GATEWAY && i < SUBMITTERS -> event = e_submit               \
  :: MAY_ACT(i) && me_.owes -> event = e_owed                                                   \
  :: MAY_FAIL -> event = e_dies                                                                 \
  :: MAY_FAIL -> event = e_excluded                                                             \
  TAKES_ANY                                                                                     \
  LEARNS_ANY

/* Replica a may still install record w, or look at the flush messages for it. */
#define NEEDS(a, w)                                                    \
  (replica[a].alive && replica[a].installed < w &&                     \
   (w > newest || (HAS(members[w], a) && (replica[a].record <= w || replica[a].prepared == w))))
/* … looks at the frames of view w, or will. */
#define LIVES_IN(a, w) (replica[a].alive && (replica[a].early_view == w || (replica[a].is_full && replica[a].installed == w)))

/* Zeroes what no living replica can look at again. */
inline forget() {
  for (w : 1 .. V - 1) {
    k = 0; y = 0;
    for (a : 0 .. N - 1) {
      k = (k || NEEDS(a, w));
      y = (y || NEEDS(a, w) || LIVES_IN(a, w));
      if
      :: replica[a].alive && (w < replica[a].record || w <= replica[a].installed) -> replica[a].flushed[w] = 0
      :: else
      fi
    }
    if
    :: !k ->
       flushes[w].fulls = 0; installed_at[w] = 0;
       for (a : 0 .. N - 1) {
         flushes[w].by[a].installed = 0;
         for (x : 0 .. X - 1) { flushes[w].by[a].floors[x] = 0 }
       }
    :: else
    fi;
    if
    :: !y ->
       for (x : 0 .. X - 1) {
         for (b : 0 .. S - 1) {
           sent[w].by[x].f[b].ts = 0; sent[w].by[x].f[b].request = 0;
           for (j : 0 .. X - 1) { sent[w].by[x].f[b].acks[j] = 0 }
         }
       }
    :: else
    fi
  };
  skip  /* spin wants no d_step to end in a loop */
}

/* The end of every step of replica i. With ONE_BY_ONE every message is a turn of its own: acknowledgements go out at
 * once, not together with what the next messages make it owe. */
inline settle() {
  progress();
#ifdef ONE_BY_ONE
  if
  :: MAY_ACT(i) && me_.owes -> send_frame(0)
  :: else
  fi;
#endif
  execute_ready();
  forget()
}

/* ok: nothing is under way, so without a new request or a new failure nothing will ever happen. */
inline quiet() {
  ok = 1;
  for (a : 0 .. N - 1) {
    for (j : 0 .. N - 1) {
      if
      :: a != j && replica[a].alive -> ok = (ok && empty(LINK(j, a)))
      :: else
      fi
    }
    ok = (ok && !(MAY_ACT(a) && replica[a].owes) && !(HAS(members[newest], a) && replica[a].record < newest))
  };
  skip
}

/* Then every member has installed the newest view, all are equal, and whatever they hold is executed. */
inline check_quiet() {
  for (a : 0 .. N - 1) {
    if
    :: HAS(members[newest], a) ->
       assert(replica[a].is_full && replica[a].installed == newest && replica[a].length == history_length);
       for (x : 0 .. X - 1) {
         for (k : 1 .. S) {
           assert(k <= replica[a].executed[x] || k > replica[a].held[x] || FRAME(newest, x, k).request == 0)
         }
       }
    :: else
    fi
  };
  skip
}

/* I4 */
inline publish(set) {
  assert(newest < V - 1);
  members[newest + 1] = set;
  newest++;
  ok = 0;
  for (a : 0 .. N - 1) {
    ok = (ok || (HAS(members[newest], a) && HAS(members[newest - 1], a) && replica[a].is_full && replica[a].alive))
  }
  assert(ok)
}

inline perform() {
  if
  :: event == e_submit -> given[i]++; send_frame(i + 1 + N * (given[i] - 1))
  :: event == e_owed -> send_frame(0)
  :: event == e_dies || event == e_excluded -> failures++; publish(members[newest] & ~BIT(i))
  :: event == e_left_out
  :: event == e_learns -> begin(which)
  :: event == e_takes -> take(which)
#if X > N
  :: event == e_client -> take_from_client()
  :: event == e_loses -> drop_rest()
  :: event == e_asks -> changes = changes + client_alive; publish(members[newest])
#endif
  fi;
  if
  :: event == e_dies || event == e_left_out -> stop()
  :: else
  fi;
  settle()
}

/* The first `full_` replicas are view 1. */
inline begin_with(full_) {
  newest = 1;
  members[1] = BIT(full_) - 1;
  for (a : 0 .. N - 1) {
    replica[a].alive = 1;
    if
    :: a < full_ -> replica[a].is_full = 1; replica[a].installed = 1; replica[a].record = 1
    :: else
    fi
  };
  skip
}
