#include "host/notes.h"

#include <algorithm>
#include <utility>

#include "store/files.h"
#include "store/sealed_file.h"

namespace titer::host {

namespace {

constexpr std::int64_t kFirstWaitUs = 1'000'000, kLongestWaitUs = 60'000'000;
constexpr std::uint32_t kFoundingsMax = 64;

std::string path_in(const std::string& dir) { return dir + "/host"; }

Bytes to_bytes(const NoteBook& book) {
  Bytes body;
  ByteWriter out(body);
  out.u64(book.seen.etcd);
  out.u64(static_cast<std::uint64_t>(book.seen.revision));
  out.u64(book.seen.view.value);
  out.u64(book.seen.cluster);
  out.u64(book.seen.losses);
  out.u32(book.exclusions);
  out.u32(static_cast<std::uint32_t>(book.foundings.size()));
  for (const Incarnation one : book.foundings) out.u64(one.value);
  return body;
}

Result<NoteBook> from_bytes(ByteView body, const std::string& path) {
  ByteReader in(body);
  NoteBook book;
  book.seen.etcd = in.u64();
  book.seen.revision = static_cast<std::int64_t>(in.u64());
  book.seen.view = ViewNumber(in.u64());
  book.seen.cluster = in.u64();
  book.seen.losses = in.u64();
  book.exclusions = in.u32();
  const std::uint32_t foundings = in.u32();
  for (std::uint32_t i = 0; i < foundings && i < kFoundingsMax && in.ok(); ++i)
    book.foundings.emplace_back(in.u64());
  if (!in.done()) return Error{Code::kInternal, path + " is malformed"};
  return book;
}

}  // namespace

Result<Notes> Notes::open(const std::string& dir) {
  Notes notes(dir);
  if (dir.empty()) return notes;
  if (const Status made = store::real_files().create_dir(dir); !made) return made.error();
  const auto body = store::read_sealed(path_in(dir), store::SealedKind::kHost);
  if (!body) return body.error();
  if (!*body) return notes;
  auto book = from_bytes(**body, path_in(dir));
  if (!book) return book.error();
  notes.book_ = std::move(book).value();
  return notes;
}

Status Notes::write(NoteBook book) {
  if (book.foundings.size() > kFoundingsMax)
    book.foundings.erase(book.foundings.begin(), book.foundings.end() - kFoundingsMax);
  if (!dir_.empty())
    if (Status written = store::write_sealed(path_in(dir_), store::SealedKind::kHost, to_bytes(book)); !written)
      return written;
  book_ = std::move(book);
  return ok_status();
}

std::int64_t Notes::joins_after_us() const {
  if (book_.exclusions == 0) return 0;
  const std::uint32_t doublings = std::min<std::uint32_t>(book_.exclusions - 1, 6);
  return std::min(kLongestWaitUs, kFirstWaitUs << doublings);
}

}  // namespace titer::host
