// SPDX-License-Identifier: Apache-2.0

#include "store/restore_mark.h"

#include <filesystem>

#include "store/files.h"
#include "store/sealed_file.h"

namespace titer::store {

namespace {

constexpr const char* kName = "restoring";

std::string path_in(const std::string& dir) { return dir + "/" + kName; }

}  // namespace

Status write_restore_mark(const std::string& dir) {
  return write_sealed(path_in(dir), SealedKind::kRestoreMark, {});
}

Status remove_restore_mark(const std::string& dir) {
  if (Status removed = real_files().remove(path_in(dir)); !removed) return removed;
  return real_files().sync_dir(dir);
}

bool has_restore_mark(const std::string& dir) {
  std::error_code ignored;
  return std::filesystem::exists(path_in(dir), ignored);
}

bool is_restore_mark(const std::string& file_name) { return file_name == kName; }

Status expect_no_restore_mark(const std::string& dir) {
  if (!has_restore_mark(dir)) return ok_status();
  return Error{Code::kInvalid,
               dir +
                   " holds a part of a backup: a restore into it was interrupted. Run the same `titer "
                   "restore` again; it starts from scratch"};
}

}  // namespace titer::store
