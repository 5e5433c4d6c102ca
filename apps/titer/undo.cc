// SPDX-License-Identifier: Apache-2.0

// titer undo POSITION
#include "titer/command.h"
#include "titer/write.h"

namespace titer::app::undo_command {
namespace {

struct Options {
  WriteOptions write;
  std::uint64_t position = 0;
};

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("position", o->position, "position of the event, from `titer history`").required();
  o->write.declare(flags);
  return [o] { return write(o->write, registry::Undo{Position(o->position)}); };
}

const Registration registered({Group::kFiles, "undo", "revert the change of one event", setup});

}  // namespace
}  // namespace titer::app::undo_command
