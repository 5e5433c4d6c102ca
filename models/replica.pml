/* SPDX-License-Identifier: Apache-2.0 */

/* The replica of docs/explanation/protocol.md as a state machine for spin: frames, acknowledgements, order, flush, joining.
 * flush.pml and direct_client.pml include it and add an environment. Names are those of the protocol; § are its sections.
 *
 * Abstractions, and why they lose nothing:
 * - Time. Whatever a timer decides happens at any time or never. So read leases (§5, I8) and local reads (§2.7) are not
 *   here; the tests of src/smr and the simulator have them.
 * - Requests are numbers; the state is the sequence of requests that took effect. `history` is the longest such sequence
 *   of any replica, dead ones included, and every replica's own is a prefix of it (I2, asserted at each execution), so of
 *   a replica only the length is kept. Equal states need no digest then (I10), and a state transfer is a length (§6).
 * - A message carries the name of a frame; its contents stand in a table that its transmitter writes once. So a stream is
 *   a prefix of what was sent by construction (I1).
 * - Links do not break between processes that live: a crash covers what is lost with a link. A frame goes to all members
 *   at once: not to have been sent is the same as not to be received before the next view is known.
 * - A replica executes as soon as it may, and a frame has one request or none. Durability is `memory` (held = synced).
 * - A clock starts at zero in every view, since frames of different views are never compared, and takes max(clock, ts) on
 *   receipt without adding one, since the sender adds one anyway.
 * - What nobody can need any more is zeroed (forget), so that states that differ only in their past are one.
 *
 * The including file defines N (replica incarnations), X (transmitters: N, or N + 1 with a direct client), V (views + 1),
 * S (frames per stream and view) and Q (messages per link). -DNO_… takes a rule out; run.py tries each.
 */

#ifndef SUBMITTERS
#define SUBMITTERS N  /* gateways that are given requests: 0 … */
#endif

#define BIT(i) (1 << (i))
#define HAS(set, i) (((set) >> (i)) & 1)
#define FRAME(v, x, s) sent[v].by[x].f[(s) - 1]
#define LINK(from, to) link[(from) * (N - 1) + (to) - ((to) > (from))]
#define LATER(ts1, x1, ts2, x2) ((ts1) > (ts2) || ((ts1) == (ts2) && (x1) > (x2)))

mtype = { m_frame, m_flush, m_done, m_relay, m_state, m_hello, m_welcome, m_solicit, m_answer };

typedef Frame {  /* request 0: a null frame */
  byte ts; byte request; byte acks[X]
#if X > N
  ; bit rest
#endif
};
typedef Stream { Frame f[S] };
typedef View { Stream by[X] };
typedef Flush { byte installed; byte floors[X] };
typedef Flushes { byte fulls; Flush by[N] };  /* fulls: set of those that have the whole state */
typedef Replica_ {
  bit alive; bit is_full; byte installed; byte record; byte length; byte clock; bit owes;
  byte held[X]; byte executed[X];
  byte flushed[V];  /* by record: from whom a flush message is here */
  byte done; bit agreed; bit i_am_done; bit rest_executed; bit state_in; byte prepared;
  byte early_view; byte early[X]; byte early_relay_view; byte early_relay[X]
#if X > N
  ; bit is_active; bit lost; byte raised; byte solicited; byte hello_view
#endif
};

chan link[N * (N - 1)] = [Q] of { mtype, byte, byte, byte };
Replica_ replica[N];
View sent[V];
Flushes flushes[V];        /* by record */
byte members[V];           /* by record: the register's, set of replicas */
byte newest;               /* record of the register */
byte failures;
byte history[REQUESTS], history_length;
byte answered;             /* position up to which some result was given away */
byte installed_at[V];      /* 1 + length with which the view was installed */
byte given[N];             /* requests given to gateways; the n-th of gateway i is number i + 1 + N * (n - 1) */
#if X > N
chan up[N] = [Q] of { mtype, byte, byte };
chan down[N] = [Q] of { mtype, byte, byte, byte };
bit client_alive, client_hangs;  /* hangs: it does nothing more, but its connections stay */
#endif

/* Scratch of one step. */
hidden byte a, b, j, k, x, y, w, best, best_ts, limit, top, targets[X], relayer, message_view, message_x, message_n;
hidden byte ok, again;

#define me_ replica[i]
#define WORKING(i) (replica[i].alive && replica[i].is_full && replica[i].record == replica[i].installed)
#define WEDGED(i) (replica[i].is_full && replica[i].record > replica[i].installed)
#ifdef NO_WEDGE
#define MAY_ACT(i) (replica[i].alive && replica[i].is_full)
#else
#define MAY_ACT(i) WORKING(i)
#endif

inline send_all(to, kind, p, q, r) {
  for (a : 0 .. N - 1) {
    if
    :: a != i && HAS(to, a) && replica[a].alive -> assert(nfull(LINK(i, a))); LINK(i, a)!kind, p, q, r
    :: else
    fi
  }
}

#if X > N
#include "client.pml"
#endif

/* --- the normal case (§2) */

inline hold(x_) {
  me_.held[x_]++;
  assert(FRAME(me_.installed, x_, me_.held[x_]).ts > 0);
#ifndef NO_CLOCK
  if
  :: FRAME(me_.installed, x_, me_.held[x_]).ts > me_.clock -> me_.clock = FRAME(me_.installed, x_, me_.held[x_]).ts
  :: else
  fi;
#endif
  if
  :: x_ != i && FRAME(me_.installed, x_, me_.held[x_]).request -> me_.owes = 1
  :: else
  fi
}

/* §2.1, §2.3: one frame with the ack row; it says of itself that its transmitter holds it. */
inline send_frame(request_) {
  assert(me_.held[i] < S);
  me_.clock++;
  me_.held[i]++;
  FRAME(me_.installed, i, me_.held[i]).ts = me_.clock;
  FRAME(me_.installed, i, me_.held[i]).request = request_;
  for (x : 0 .. X - 1) { FRAME(me_.installed, i, me_.held[i]).acks[x] = me_.held[x] }
  me_.owes = 0;
  send_all(members[me_.installed], m_frame, me_.installed, i, me_.held[i])
}

/* best: the transmitter of the first frame with a request that is not executed, up to targets; X: none. */
inline find_head() {
  best = X; best_ts = 0;
  for (x : 0 .. X - 1) {
    do
    :: me_.executed[x] < me_.held[x] && FRAME(me_.installed, x, me_.executed[x] + 1).request == 0 -> me_.executed[x]++
    :: else -> break
    od;
    if
    :: me_.executed[x] < me_.held[x] && me_.executed[x] < targets[x] &&
       (best == X || LATER(best_ts, best, FRAME(me_.installed, x, me_.executed[x] + 1).ts, x)) ->
       best = x; best_ts = FRAME(me_.installed, x, me_.executed[x] + 1).ts
    :: else
    fi
  }
}

/* k: the highest seq of stream `best` that j is known at i to hold. */
inline acked(j_) {
  if
  :: j_ == i -> k = me_.held[best]
  :: j_ != i && me_.held[j_] == 0 -> k = 0
  :: else -> k = FRAME(me_.installed, j_, me_.held[j_]).acks[best]
  fi
}

inline last_of(y_) {
  k = 0;
  if
  :: me_.held[y_] > 0 -> k = FRAME(me_.installed, y_, me_.held[y_]).ts
  :: else
  fi;
#if X > N
  if
  :: y_ >= N && me_.raised > k -> k = me_.raised
  :: else
  fi
#endif
}

/* §2.4. Sets ok; `who` says against whom. */
inline stable_against_gateways() {
  for (y : 0 .. N - 1) {
    if
    :: y != i && y != best && HAS(members[me_.installed], y) ->
       last_of(y);
       if
       :: !LATER(k, y, best_ts, best) -> ok = 0
       :: else
       fi
    :: else
    fi
  }
}

inline stable_against_client() {
#if X > N
#ifndef NO_STABLE_CLIENTS
  if
  :: me_.is_active && best != N ->
     last_of(N);
     if
     :: !LATER(k, N, best_ts, best) -> ok = 0
     :: else
     fi
  :: else
  fi
#endif
#endif
  skip
}

/* §2.5 */
inline safe() {
#ifndef NO_SAFE
  for (j : 0 .. N - 1) {
    if
    :: HAS(members[me_.installed], j) ->
       acked(j);
       if
       :: k < me_.executed[best] + 1 -> ok = 0
       :: else
       fi
    :: else
    fi
  }
#endif
  skip
}

/* I2, I9: the request takes effect at the end of this replica's sequence, unless it did before (§2.8). */
inline apply(request_) {
  ok = 1;
#ifndef NO_ONCE
  for (a : 0 .. REQUESTS - 1) {
    if
    :: a < me_.length && history[a] == request_ -> ok = 0
    :: else
    fi
  }
#endif
  if
  :: ok && me_.length < history_length -> assert(history[me_.length] == request_); me_.length++
  :: ok && me_.length == history_length ->
     for (a : 0 .. REQUESTS - 1) { assert(!(a < history_length && history[a] == request_)) }
     history[history_length] = request_; history_length++; me_.length++
  :: else
  fi
}

/* Executes the head. `lowest` answers direct clients. I3: whatever is answered is held by all of `holders`. */
inline execute_head(lowest, holders) {
  me_.executed[best]++;
  apply(FRAME(me_.installed, best, me_.executed[best]).request);
  if
  :: best == i || (best >= N && lowest == i) ->
     for (a : 0 .. N - 1) {
       assert(!(HAS(holders, a) && replica[a].alive && replica[a].is_full && replica[a].installed == me_.installed &&
                replica[a].held[best] < me_.executed[best]))
     }
     if
     :: me_.length > answered -> answered = me_.length
     :: else
     fi;
#if X > N
     if
     :: best == N && client_alive -> tell(m_answer, FRAME(me_.installed, best, me_.executed[best]).request, 0)
     :: else
     fi
#endif
  :: else
  fi
}

inline lowest_of(set) {
  b = 0;
  do
  :: b < N && !HAS(set, b) -> b++
  :: else -> break
  od
}

/* §2.6, and §3.3: a frame that waits only for the direct client makes it ask for one above it. */
inline execute_ready() {
  again = MAY_ACT(i);
  do
  :: !again -> break
  :: else ->
     for (x : 0 .. X - 1) { targets[x] = S }
     find_head();
     ok = (best < X);
     if
     :: ok -> stable_against_gateways(); safe()
     :: else
     fi;
     again = ok;
     if
     :: ok -> stable_against_client()
     :: else
     fi;
     if
     :: ok -> lowest_of(members[me_.installed]); execute_head(b, members[me_.installed])
     :: else ->
#if X > N
#ifndef NO_SOLICIT
        if
        :: again && !me_.lost && me_.solicited < best_ts ->
           me_.solicited = best_ts;
           if
           :: client_alive -> tell(m_solicit, best_ts, 0)
           :: else
           fi
        :: else
        fi;
#endif
#endif
        again = 0
     fi
  od
}

#include "view_change.pml"
