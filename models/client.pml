/* SPDX-License-Identifier: Apache-2.0 */

/* The direct client (§3): what it knows and does, and what replica i does with what it sends. Part of replica.pml. */

#define DIRECT_REQUEST(n) (100 + (n))

mtype = { c_passive, c_hello, c_active };
mtype client_state = c_passive;
byte client_view, client_clock, client_seq, client_welcomed, client_solicited;
byte client_sent;          /* requests sent in this view, and those before that were answered */
byte client_answered;      /* set of requests */
byte hellos;               /* repeats left */
bit client_entangled;      /* some replica may count it as active */
byte changes;

#define ALL_SENT (client_sent == REQUESTS_DIRECT)

inline send_replicas(kind, n) {
  for (a : 0 .. N - 1) {
    if
    :: HAS(members[client_view], a) && replica[a].alive -> assert(nfull(up[a])); up[a]!kind, client_view, n
    :: else
    fi
  };
  skip
}

inline say_hello() {
  client_state = c_hello; client_entangled = 1; client_welcomed = 0;
  send_replicas(m_hello, 0)
}

/* The first request that is neither sent nor answered; sets client_sent to its number. */
inline skip_answered() {
  do
  :: client_sent < REQUESTS_DIRECT && HAS(client_answered, client_sent) -> client_sent++
  :: else -> break
  od;
  skip
}

inline send_client_frame(request_, rest_) {
  client_seq++;
#ifndef NO_SOLICITED_CLOCK
  if
  :: client_solicited > client_clock -> client_clock = client_solicited
  :: else
  fi;
#endif
  client_clock++; client_solicited = 0;
  FRAME(client_view, N, client_seq).ts = client_clock;
  FRAME(client_view, N, client_seq).request = request_;
  FRAME(client_view, N, client_seq).rest = rest_;
  if
  :: rest_ -> client_state = c_passive; client_entangled = 0
  :: else
  fi;
  send_replicas(m_frame, client_seq)
}

/* A request that is alone rests at once, or does not; the last frame that fits into the model rests. */
inline send_request(rest_) {
  client_sent++;
  send_client_frame(DIRECT_REQUEST(client_sent), rest_);
  skip_answered()
}

inline hear_view(v) {
  client_view = v; client_state = c_passive; client_entangled = 0; client_seq = 0; client_solicited = 0; client_clock = 0;
  client_sent = 0;
  skip_answered()
}

#ifdef NO_NEXT_SEQ
#define RIGHT_NEXT(next_) 1
#else
#define RIGHT_NEXT(next_) (next_ == client_seq + 1)
#endif
#ifdef NO_HIGHEST_CLOCK
#define HIGHER(clock_) 0
#else
#define HIGHER(clock_) (clock_ > client_clock)
#endif

inline on_welcome(from, v, clock_, next_) {
  if
  :: client_state == c_hello && v == client_view && RIGHT_NEXT(next_) ->
     client_welcomed = client_welcomed | BIT(from);
     if
     :: HIGHER(clock_) -> client_clock = clock_
     :: else
     fi;
     if
     :: client_welcomed == members[client_view] -> client_state = c_active
     :: else
     fi
  :: else
  fi
}

/* Also before all have welcomed it. That saves time only: the last to welcome it asks after that, too. */
inline on_solicit(v, ts_) {
  if
  :: v == client_view && ts_ > client_solicited -> client_solicited = ts_
  :: else
  fi
}

inline on_answer(request_) {
  client_answered = client_answered | BIT(request_ - DIRECT_REQUEST(1));
  skip_answered()
}

inline hear(from) {
  if
  :: down[from]?m_welcome, message_view, message_x, message_n -> on_welcome(from, message_view, message_x, message_n)
  :: down[from]?m_solicit, message_view, message_x, _ -> on_solicit(message_view, message_x)
  :: down[from]?m_answer, _, message_x, _ -> on_answer(message_x)
  fi;
  message_view = 0
}

/* Replica i tells the client. With INSTANT that arrives at once; the client may still act on it as late as it likes. */
inline tell(kind, p, q) {
#ifdef INSTANT
  if
  :: kind == m_welcome -> on_welcome(i, me_.installed, p, q)
  :: kind == m_solicit -> on_solicit(me_.installed, p)
  :: kind == m_answer -> on_answer(p)
  fi
#else
  assert(nfull(down[i])); down[i]!kind, me_.installed, p, q
#endif
}

/* --- direct clients (§3): hello makes the client active here, with the clock as the time of its last frame */

inline welcome_client() {
  if
  :: !me_.lost ->
     if
     :: !me_.is_active -> me_.is_active = 1; me_.raised = me_.clock
     :: else
     fi;
     if
     :: client_alive -> tell(m_welcome, me_.clock, me_.held[N] + 1)
     :: else
     fi
  :: else
  fi
}

inline on_hello(v) {
  if
  :: !me_.is_full || v > me_.installed -> me_.hello_view = v
  :: WORKING(i) && v == me_.installed -> welcome_client()
  :: else  /* wedged, or of an old view: the client hears of the newer one */
  fi
}

/* A client that keeps the rules is never refused. */
inline on_client_frame(v, s) {
  if
  :: MAY_ACT(i) && v == me_.installed && !me_.lost ->
     last_of(N);
     assert(me_.is_active && s == me_.held[N] + 1 && FRAME(v, N, s).ts > k);
     hold(N);
     if
     :: FRAME(v, N, s).rest -> me_.is_active = 0
     :: else
     fi;
     if
     :: FRAME(v, N, s).ts > me_.solicited -> me_.solicited = 0
     :: else
     fi
  :: else
  fi
}

/* §3.5: the connection of a dead client ends; some of what was under way may be lost with it. Seen when nothing is left to
 * take: only the request for a new view follows from it, and that may come as late as it likes. */
inline lose_client(a_) {
  replica[a_].hello_view = 0;
  replica[a_].lost = replica[a_].is_active
}

inline take_from_client() {
  if
  :: up[i]?m_hello, message_view, _ -> on_hello(message_view)
  :: up[i]?m_frame, message_view, message_n -> on_client_frame(message_view, message_n)
  fi;
  if
  :: !client_alive && !client_hangs && len(up[i]) == 0 -> lose_client(i)
  :: else
  fi
}

inline drop_rest() {
  do
  :: len(up[i]) > 0 -> up[i]?_, _, _
  :: empty(up[i]) -> break
  od;
  lose_client(i)
}

inline client_stops(hangs) {
  client_alive = 0; client_hangs = hangs;
  client_state = c_passive; client_view = 0; client_clock = 0; client_seq = 0; client_welcomed = 0; client_solicited = 0;
  client_sent = 0; client_entangled = 0; hellos = 0;
  for (a : 0 .. N - 1) {
    do
    :: len(down[a]) > 0 -> down[a]?_, _, _, _
    :: empty(down[a]) -> break
    od;
    if
    :: !hangs && len(up[a]) == 0 -> lose_client(a)
    :: else
    fi
  };
  skip
}
