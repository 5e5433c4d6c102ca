// SPDX-License-Identifier: Apache-2.0

#include "store/restore_mark.h"

#include <string_view>

#include "base/bytes.h"

namespace titer::store {

namespace {

constexpr const char* kName = "restoring";
constexpr std::size_t kMarkBytesMax = 4096;

std::string mark_path(const std::string& dir) { return dir + "/" + kName; }

}  // namespace

Status write_restore_mark(const std::string& dir, Files& files) {
  constexpr std::string_view kText =
      "A `titer restore` is writing here. Nothing may be served from this directory.\n";
  if (Status written = files.write_file(mark_path(dir), as_bytes(kText)); !written) return written;
  return files.sync_dir(dir);
}

Status remove_restore_mark(const std::string& dir, Files& files) {
  if (Status removed = files.remove(mark_path(dir)); !removed) return removed;
  return files.sync_dir(dir);
}

// Also one that is empty or damaged.
bool has_restore_mark(const std::string& dir, Files& files) {
  const auto mark = files.read_file(mark_path(dir), kMarkBytesMax);
  return mark.ok() || (mark.error().code != Code::kNotFound && mark.error().code != Code::kForbidden);
}

bool is_restore_mark(const std::string& file_name) { return file_name == kName; }

Status expect_no_restore_mark(const std::string& dir, Files& files) {
  if (!has_restore_mark(dir, files)) return ok_status();
  return Error{Code::kInvalid,
               dir +
                   " holds a part of a backup: a restore into it was interrupted. Run the same `titer "
                   "restore` again; it starts from scratch"};
}

}  // namespace titer::store
