/* SPDX-License-Identifier: Apache-2.0 */

/* The replica's other half: the flush of §4 and joining (§6). Part of replica.pml, which says what is abstracted. */

/* top and targets of record record_ (§4.3, §4.4). */
inline agree(record_) {
  top = 0;
  for (x : 0 .. X - 1) { targets[x] = 0 }
  for (a : 0 .. N - 1) {
    if
    :: HAS(flushes[record_].fulls, a) && flushes[record_].by[a].installed > top -> top = flushes[record_].by[a].installed
    :: else
    fi
  }
  for (a : 0 .. N - 1) {
    for (x : 0 .. X - 1) {
      if
      :: HAS(flushes[record_].fulls, a) && flushes[record_].by[a].installed == top && flushes[record_].by[a].floors[x] > targets[x] ->
         targets[x] = flushes[record_].by[a].floors[x]
      :: else
      fi
    }
  }
}

#define FLOOR(w_, a_, x_) (flushes[w_].by[a_].installed == top -> flushes[w_].by[a_].floors[x_] : 0)

inline relay_missing(w_) {
#ifndef NO_RELAY
  for (x : 0 .. X - 1) {
    relayer = N;
    for (j : 0 .. N - 1) {
      if
      :: relayer == N && HAS(flushes[w_].fulls, j) && FLOOR(w_, j, x) >= targets[x] -> relayer = j
      :: else
      fi
    }
    for (k : 1 .. S) {
      for (j : 0 .. N - 1) {
        if
        :: relayer == i && k <= targets[x] && j != i && HAS(flushes[w_].fulls, j) && FLOOR(w_, j, x) < k && replica[j].alive ->
           assert(nfull(LINK(i, j))); LINK(i, j)!m_relay, w_, x, k
        :: else
        fi
      }
    }
  }
#endif
  skip
}

/* Executes up to the targets of record w_, in uid order; they are agreed. */
inline execute_rest(w_) {
  lowest_of(flushes[w_].fulls);
  limit = b;
  find_head();
  do
  :: best < X -> execute_head(limit, flushes[w_].fulls); find_head()
  :: else -> break
  od
}

inline reset_flush() {
  me_.done = 0; me_.agreed = 0; me_.i_am_done = 0; me_.rest_executed = 0; me_.state_in = 0
}

/* §4.7. I6, and: whatever was ever answered is in the state of who installs the newest view. (One that was excluded and
 * does not know it may still install an older one.) */
inline install(w_) {
  assert(w_ < newest || me_.length >= answered);
  assert(installed_at[w_] == 0 || installed_at[w_] == me_.length + 1);
  installed_at[w_] = me_.length + 1;
  me_.installed = w_; me_.is_full = 1; me_.owes = 0; me_.clock = 0;
  for (x : 0 .. X - 1) { me_.held[x] = 0; me_.executed[x] = 0 }
#if X > N
  me_.is_active = 0; me_.lost = 0; me_.raised = 0; me_.solicited = 0;
#endif
  if
  :: me_.record == w_ -> reset_flush(); me_.prepared = 0
  :: else
  fi;
  /* Frames of this view that came early. A member that only catches up gets them as relays, because their senders are wedged. */
  for (x : 0 .. X - 1) {
#ifndef NO_EARLY
    do
    :: me_.record == w_ && me_.early_view == w_ && x < N && me_.held[x] < me_.early[x] -> hold(x)
    :: me_.record > w_ && me_.early_relay_view == w_ && me_.held[x] < me_.early_relay[x] -> hold(x)
    :: else -> break
    od
#endif
    if
    :: me_.early_view <= w_ -> me_.early[x] = 0
    :: else
    fi;
    me_.early_relay[x] = 0
  }
  if
  :: me_.early_view <= w_ -> me_.early_view = 0
  :: else
  fi;
  me_.early_relay_view = 0;
#if X > N
  if
  :: me_.record == w_ && me_.hello_view == w_ -> welcome_client(); me_.hello_view = 0
  :: me_.hello_view < w_ -> me_.hello_view = 0
  :: else
  fi
#endif
}

inline report_done() {
  me_.i_am_done = 1;
  me_.done = me_.done | BIT(i);
  if
  :: me_.is_full -> me_.prepared = me_.record
  :: else
  fi;
  send_all(members[me_.record], m_done, me_.record, 0, 0)
}

/* ok: i holds everything up to the targets; a joiner has the state. */
inline has_everything() {
  ok = (me_.is_full || me_.state_in);
#ifndef NO_RELAY
  for (x : 0 .. X - 1) {
    if
    :: me_.is_full && me_.held[x] < targets[x] -> ok = 0
    :: else
    fi
  }
#endif
}

#ifdef NO_ALL_DONE
#define FULLS_DONE 1
#define ALL_DONE 1
#else
#ifdef NO_FULLS_DONE
#define FULLS_DONE 1
#else
#define FULLS_DONE ((flushes[w].fulls & ~me_.done) == 0)
#endif
#define ALL_DONE ((members[w] & ~me_.done) == 0)
#endif
#ifdef NO_TOP_VIEW
#define CATCHES_UP 0
#else
#define CATCHES_UP (me_.is_full && me_.installed < top)
#endif
#ifdef NO_ALL_FLUSHED
#define ALL_FLUSHED 1
#else
#define ALL_FLUSHED ((members[w] & ~me_.flushed[w]) == 0)
#endif

/* As far as it goes (Core::progress and ViewChange::next). */
inline progress() {
  do
  :: w = me_.record;
     if
     :: w > 0 && HAS(members[w], i) && (!me_.is_full || w > me_.installed) && ALL_FLUSHED && flushes[w].fulls -> again = 1; agree(w)
     :: else -> again = 0
     fi;
     if
     :: again && CATCHES_UP ->
        again = 0;
        assert(me_.prepared == top);
        limit = top;
        agree(limit);
        w = me_.prepared;
        execute_rest(w);
        install(w)
     :: again && !CATCHES_UP ->
        if
        :: me_.is_full && !me_.agreed -> me_.agreed = 1; relay_missing(w)
        :: else
        fi;
        if
        :: !me_.i_am_done ->
           has_everything();
           if
           :: ok -> report_done()
           :: else
           fi
        :: else
        fi;
        if
        :: me_.i_am_done && me_.is_full && FULLS_DONE && !me_.rest_executed ->
           me_.rest_executed = 1;
           execute_rest(w);
           lowest_of(flushes[w].fulls);
           if
           :: b == i -> send_all(members[w] & ~flushes[w].fulls, m_state, w, me_.length, 0)
           :: else
           fi
        :: else
        fi;
        if
        :: me_.i_am_done && ALL_DONE -> install(w)
        :: else -> break
        fi
     :: else -> break
     fi
  od
}

/* §4.1, §4.2: the replica learns of record w_. */
inline begin(w_) {
  me_.record = w_;
  reset_flush();
  if
  :: me_.is_full ->
     flushes[w_].fulls = flushes[w_].fulls | BIT(i);
     flushes[w_].by[i].installed = me_.installed;
     for (x : 0 .. X - 1) { flushes[w_].by[i].floors[x] = me_.held[x] }
  :: else
  fi;
  me_.flushed[w_] = me_.flushed[w_] | BIT(i);
  send_all(members[w_], m_flush, w_, 0, 0)
}

/* The end of a process: nothing of it matters any more but what it sent. */
inline stop() {
  me_.alive = 0; me_.is_full = 0; me_.installed = 0; me_.record = 0; me_.length = 0; me_.clock = 0; me_.owes = 0;
  reset_flush(); me_.prepared = 0; me_.early_view = 0; me_.early_relay_view = 0;
#if X > N
  me_.is_active = 0; me_.lost = 0; me_.raised = 0; me_.solicited = 0; me_.hello_view = 0;
#endif
  for (x : 0 .. X - 1) { me_.held[x] = 0; me_.executed[x] = 0; me_.early[x] = 0; me_.early_relay[x] = 0 }
  for (w : 0 .. V - 1) { me_.flushed[w] = 0 }
  for (a : 0 .. N - 1) {
    do
    :: a != i && nempty(LINK(a, i)) -> LINK(a, i)?_, _, _, _
    :: a == i || empty(LINK(a, i)) -> break
    od
  }
#if X > N
  do
  :: nempty(up[i]) -> up[i]?_, _, _
  :: empty(up[i]) -> break
  od
#endif
}

/* --- what comes from another replica */

inline on_frame(from, v, s) {
  if
  :: !me_.is_full || v > me_.installed ->
     if
     :: v > me_.early_view ->
        assert(!me_.is_full || me_.early_view == 0);
        me_.early_view = v;
        for (x : 0 .. X - 1) { me_.early[x] = 0 }
     :: else
     fi;
     if
     :: v == me_.early_view && s == me_.early[from] + 1 -> me_.early[from] = s
     :: else
     fi
  :: me_.is_full && v == me_.installed ->
#ifdef NO_WEDGE
     ok = 1;
#else
     ok = (!WEDGED(i) || (HAS(members[me_.record], from) && !HAS(me_.flushed[me_.record], from)));
#endif
     if
     :: ok && s == me_.held[from] + 1 -> hold(from)
     :: else
     fi
  :: else
  fi
}

inline on_relay(w_, x_, s) {
  if
  :: WEDGED(i) && w_ == me_.record ->
     agree(w_);
     if
     :: top > me_.installed ->
        assert(me_.early_relay_view == 0 || me_.early_relay_view == top);
        me_.early_relay_view = top;
        if
        :: s == me_.early_relay[x_] + 1 -> me_.early_relay[x_] = s
        :: else
        fi
     :: top == me_.installed && s == me_.held[x_] + 1 -> hold(x_)
     :: else
     fi
  :: else
  fi
}

inline take(from) {
  if
  :: LINK(from, i)?m_frame, message_view, message_x, message_n -> on_frame(from, message_view, message_n)
  :: LINK(from, i)?m_flush, message_view, _, _ ->
     if
     :: message_view >= me_.record -> me_.flushed[message_view] = me_.flushed[message_view] | BIT(from)
     :: else
     fi
  :: LINK(from, i)?m_relay, message_view, message_x, message_n -> on_relay(message_view, message_x, message_n)
  :: LINK(from, i)?m_done, message_view, _, _ ->
     if
     :: message_view == me_.record && (!me_.is_full || WEDGED(i)) -> me_.done = me_.done | BIT(from)
     :: else
     fi
  :: LINK(from, i)?m_state, message_view, message_n, _ ->
     if
     :: message_view == me_.record && !me_.is_full -> me_.state_in = 1; me_.length = message_n
     :: else
     fi
  fi
}
