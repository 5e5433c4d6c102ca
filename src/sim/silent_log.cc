// SPDX-License-Identifier: Apache-2.0

#include "sim/silent_log.h"

#include <spdlog/spdlog.h>

namespace titer::sim {

SilentLog::SilentLog() : before_(spdlog::get_level()) { spdlog::set_level(spdlog::level::off); }
SilentLog::~SilentLog() { spdlog::set_level(static_cast<spdlog::level::level_enum>(before_)); }

}  // namespace titer::sim
