// SPDX-License-Identifier: Apache-2.0

#include "client/snapshot_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/limits.h"

namespace titer::client {
namespace {

Error no_room() { return {Code::kInternal, std::string("a temporary file: ") + std::strerror(errno)}; }

// Pages in a file, in the order in which they were written.
class Spool {
 public:
  [[nodiscard]] Status open() {
    file_.reset(std::tmpfile());
    return file_ ? ok_status() : Status(no_room());
  }
  [[nodiscard]] Status append(const Bytes& page) {
    const std::uint64_t size = page.size();
    const bool written = std::fwrite(&size, sizeof size, 1, file_.get()) == 1 &&
                         std::fwrite(page.data(), 1, page.size(), file_.get()) == page.size();
    return written ? ok_status() : Status(no_room());
  }
  [[nodiscard]] Status rewind() {
    const bool done = std::fflush(file_.get()) == 0 && std::fseek(file_.get(), 0, SEEK_SET) == 0;
    return done ? ok_status() : Status(no_room());
  }
  // False: there is no further page.
  [[nodiscard]] Result<bool> next(Bytes& page) {
    std::uint64_t size = 0;
    if (std::fread(&size, sizeof size, 1, file_.get()) != 1)
      return std::ferror(file_.get()) != 0 ? Result<bool>(no_room()) : Result<bool>(false);
    page.resize(size);
    if (std::fread(page.data(), 1, page.size(), file_.get()) != page.size()) return no_room();
    return true;
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

// The position of the first page.
Result<Position> read_pages(Asker& asker, bool with_closed, Spool& spool) {
  registry::ListSites query;
  query.filter.with_closed = with_closed;
  query.limit = limits::kPageMax;
  std::string name, id;
  Position first;
  for (bool more = true; more;) {
    query.after_name = name;
    query.after_id = id;
    const Result<Reply> page = asker.ask(query);
    if (!page) return page.error();
    if (first == Position()) first = page->position;
    const Result<bool> read = visit_sites(page->body, [&](const registry::Site& site) {
      name = site.name;
      id = site.id;
      return true;
    });
    if (!read) return read.error();
    if (const Status kept = spool.append(page->body); !kept) return kept.error();
    more = *read;
  }
  return first;
}

// Shows the rows of the pages with those that changed since in their places.
class Merge {
 public:
  Merge(bool with_closed, const SiteVisitor& visit) : with_closed_(with_closed), visit_(visit) {}

  [[nodiscard]] Status take_changed(ByteView rows) {
    const Result<bool> more = visit_sites(rows, [this](const registry::Site& site) {
      replaced_.insert(site.id);
      if (with_closed_ || site.status == registry::SiteStatus::kActive) changed_.push_back(site);
      return true;
    });
    if (!more) return more.error();
    if (*more) return Error{Code::kTooOld, "too many sites changed while they were read; try again"};
    std::sort(changed_.begin(), changed_.end(), comes_before);
    return ok_status();
  }
  [[nodiscard]] Status show(Spool& spool) {
    Bytes page;
    for (Result<bool> there = spool.next(page);; there = spool.next(page)) {
      if (!there) return there.error();
      if (!*there) break;
      const Result<bool> read = visit_sites(page, [this](const registry::Site& site) {
        while (goes_on_ && next_ < changed_.size() && comes_before(changed_[next_], site)) show_changed();
        if (goes_on_ && !replaced_.contains(site.id)) show(site);
        return goes_on_;
      });
      if (!read) return read.error();
      if (!goes_on_) return ok_status();
    }
    while (goes_on_ && next_ < changed_.size()) show_changed();
    return ok_status();
  }
  [[nodiscard]] std::uint64_t shown() const { return shown_; }

 private:
  void show_changed() { show(changed_[next_++]); }
  void show(const registry::Site& site) {
    ++shown_;
    goes_on_ = visit_(site);
  }

  bool with_closed_;
  const SiteVisitor& visit_;
  std::vector<registry::Site> changed_;
  std::unordered_set<std::string_view> replaced_;  // by id: a site whose name was changed may be on two pages
  std::size_t next_ = 0;                           // of changed_
  std::uint64_t shown_ = 0;
  bool goes_on_ = true;
};

Result<Shown> show_once(Asker& asker, bool with_closed, const SiteVisitor& visit) {
  Spool spool;
  if (const Status opened = spool.open(); !opened) return opened.error();
  const Result<Position> first = read_pages(asker, with_closed, spool);
  if (!first) return first.error();
  const Result<Reply> changed = asker.ask(registry::ChangedSites{*first});
  if (!changed) return changed.error();
  Merge merge(with_closed, visit);
  Status done = merge.take_changed(changed->body);
  if (done.ok()) done = spool.rewind();
  if (done.ok()) done = merge.show(spool);
  if (!done) return done.error();
  return Shown{changed->position, merge.shown()};
}

}  // namespace

Result<Shown> show_snapshot(Asker& asker, bool with_closed, const SiteVisitor& visit) {
  for (int attempt = 1;; ++attempt) {
    Result<Shown> shown = show_once(asker, with_closed, visit);
    const bool again = !shown && shown.error().code == Code::kTooOld && attempt < kSnapshotAttempts;
    if (!again) return shown;  // kTooOld comes before the first site is shown
  }
}

}  // namespace titer::client
