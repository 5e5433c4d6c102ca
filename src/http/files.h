// SPDX-License-Identifier: Apache-2.0

// Files: what the page is made of, compiled into the program: bytes by name, with what HTTP needs to serve them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace titer::http {

struct File {
  std::shared_ptr<const std::string> bytes;
  std::shared_ptr<const std::string> gzipped;  // null: it does not get smaller
  std::string_view type;                       // of static storage
  std::string etag;                            // of its content, with quotes
  bool immutable = false;                      // its name changes with its content
};

class Files {
 public:
  // `name` as in the address, without the '/' in front: "index.html", "assets/main-3f2a.js". Its type follows from
  // its ending. Names under "assets/" carry a hash of their content.
  void add(std::string_view name, std::string_view bytes);
  // "" is index.html; null: there is none.
  [[nodiscard]] const File* find(std::string_view name) const;
  [[nodiscard]] bool empty() const { return by_name_.empty(); }

 private:
  std::map<std::string, File, std::less<>> by_name_;
};

}  // namespace titer::http
