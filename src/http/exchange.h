// SPDX-License-Identifier: Apache-2.0

// Exchange: a handler's handle on one request and its one answer.
//
// A handler keeps a copy until it can answer, in whatever turn that is. The client may be gone by then; answering is
// harmless still. Every request is answered exactly once: a handle that is dropped without an answer is a fault of
// ours, and the client is cut off when its time is over.
// Thread rule: the worker's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "http/request.h"
#include "http/response.h"

namespace titer::http {

// The body of a route that streams it, piece by piece. `last`: this piece (it may be empty) is the end.
// `broken`: the client went away or broke the rules in the middle; nothing comes after it.
struct BodyPiece {
  std::string_view bytes;
  bool last = false;
  bool broken = false;
};
using OnBody = std::function<void(const BodyPiece&)>;

// The other side of a handle: a connection, or a test.
class Responder {
 public:
  virtual ~Responder() = default;
  [[nodiscard]] virtual const Request& request() const = 0;
  // Nobody waits any more for the answer to the request of this serial number.
  [[nodiscard]] virtual bool gone(std::uint64_t serial) const = 0;
  virtual void speaks_for(std::uint64_t serial, std::uint64_t principal) = 0;
  virtual void respond(std::uint64_t serial, Response response) = 0;
  virtual void resume(std::uint64_t serial) = 0;
  virtual void next_piece(std::uint64_t serial, OnBody on_body) = 0;
};

class Exchange {
 public:
  Exchange(std::shared_ptr<Responder> responder, std::uint64_t serial)
      : responder_(std::move(responder)), serial_(serial) {}

  // Only until the answer is given.
  [[nodiscard]] const Request& request() const { return responder_->request(); }
  [[nodiscard]] bool gone() const { return responder_->gone(serial_); }
  void respond(Response response) const { responder_->respond(serial_, std::move(response)); }
  // Whose request it is: request().principal from now on.
  void speaks_for(std::uint64_t principal) const { responder_->speaks_for(serial_, principal); }
  // A streamed answer that waited has more now.
  void resume() const { responder_->resume(serial_); }
  // Streamed bodies: `on_body` gets the next piece, once, perhaps at once. Until it is asked for, the rest stays with
  // the client: that is the back-pressure.
  void next_piece(OnBody on_body) const { responder_->next_piece(serial_, std::move(on_body)); }

 private:
  std::shared_ptr<Responder> responder_;
  std::uint64_t serial_;
};

}  // namespace titer::http
