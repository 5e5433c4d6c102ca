// SPDX-License-Identifier: Apache-2.0

// Restore mark: a file in a directory whose contents a restore is writing. It is written first and removed last, so a
// directory that has it holds a part of a state, and nothing may be served from it.
//
// It is written under its own name, not beside it and renamed: a file of this name is a mark whatever it contains, so nothing
// else is in the directory before a mark is.
// A start refuses a directory with the mark; the next restore empties it and begins again.
// Thread rule: none; each call waits for the disk. Errors: kInternal, the disk's; kInvalid: the directory has the mark.
#pragma once

#include <string>

#include "base/result.h"
#include "store/files.h"

namespace titer::store {

// On disk when it returns.
[[nodiscard]] Status write_restore_mark(const std::string& dir, Files& files = real_files());
[[nodiscard]] Status remove_restore_mark(const std::string& dir, Files& files = real_files());
[[nodiscard]] bool has_restore_mark(const std::string& dir, Files& files = real_files());
[[nodiscard]] bool is_restore_mark(const std::string& file_name);
// The error says what to do.
[[nodiscard]] Status expect_no_restore_mark(const std::string& dir, Files& files = real_files());

}  // namespace titer::store
