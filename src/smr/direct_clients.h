// SPDX-License-Identifier: Apache-2.0

// DirectClients: the replica's side of direct clients, which broadcast their own requests (§3).
//
// A direct client is passive, that is, no stability test waits for it, unless it has something to send. hello makes
// it active here with last = this replica's clock: all its later frames have a higher timestamp, because it takes the
// highest clock of all welcomes. Only a frame with `rest` makes it passive again. If it vanishes before, this replica
// cannot know which frames the others have received, so it asks the register for a view with the same replicas, and
// the flush settles them.
//
// A client that lies, and sends different frames under one name, is found by what the members acknowledge (Stream::claim). It is
// cut off, and the flush of the next view leaves out what differs. One that keeps a frame from some members is treated as one
// that does not answer a solicit: the frame is not safe for longer than kSolicitPatienceUs, while it is the next in the order.
//
// A repeated hello of an active client is answered again but raises nothing, so an answer to the first hello
// that is still on its way stays true.
//
// Thread rule: none; belongs to its replica. The driver gives DirectLost before anything of a new connection
// of the same client. Limits: kDirectClientsMax and kSettledClientsMax per view (streams.h); when one more comes, the register
// is asked for a view with the same replicas, which begins with none. kDirectFramesMax frames of one client in memory.
// Errors: Output::Cut.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "smr/receiver.h"
#include "smr/replica_context.h"

namespace titer::smr {

class DirectClients {
 public:
  void receive(ReplicaContext& c, Receiver& receiver, TransmitterId client, const FromClient& message);
  void lost(ReplicaContext& c, TransmitterId client);
  // A view was installed: answers the hellos that waited for it.
  void installed(ReplicaContext& c);
  // End of a turn: asks those for whom alone the head waits.
  void solicit(ReplicaContext& c);
  // Asks the register while a client is lost or does not answer.
  void tick(ReplicaContext& c);
  // This replica itself has slept: nobody is late because of that.
  void restart_patience(ReplicaContext& c);

 private:
  void hello(ReplicaContext& c, TransmitterId client, const Hello& message);
  void welcome(ReplicaContext& c, TransmitterId client);
  void frame(ReplicaContext& c, Receiver& receiver, TransmitterId client, const FramePtr& frame);
  [[nodiscard]] static std::optional<std::string> refuse(const ReplicaContext& c, const Stream* stream,
                                                         TransmitterId client, const Frame& frame);
  // A frame that only some members have holds everybody up. Null: there is none.
  [[nodiscard]] Stream* incomplete(ReplicaContext& c);
  // A member without it has acknowledged what was sent to it later. Else its disk or its link may be slow.
  [[nodiscard]] bool kept_from_somebody(const ReplicaContext& c, const Stream& stream) const;
  void give_up(ReplicaContext& c, Stream& stream, const std::string& why);
  void ask(ReplicaContext& c, std::string reason);

  std::map<TransmitterId, ViewNumber> hellos_;  // for views that are not installed here yet
  Uid unsafe_head_;  // a direct client's frame that is the next to be executed and not safe …
  BootTime unsafe_since_;
  Seq own_then_;  // own frames sent by then
  BootTime asked_at_;
  ViewNumber asked_view_;
  bool asked_ = false;
};

}  // namespace titer::smr
