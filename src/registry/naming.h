// SPDX-License-Identifier: Apache-2.0

// Ids made from names, and names made unique: the same at every replica, because they depend on the state alone.
//
// Clients find a site by its id, and by its name where no site has that id. So ids and the names of active sites share one
// space: no text of it leads to two sites. A site may be named like its own id.
#pragma once

#include <string>
#include <string_view>

#include "registry/store.h"

namespace titer::registry {

// The other site that this text leads to, as its name or its id; kNil: none but `self` (kNil: a site that is not there yet).
[[nodiscard]] std::uint32_t other_owner(const Store& store, std::string_view text, std::uint32_t self);

// "Elm Street Clinic #3" → "elm-street-clinic-3"; "-2", "-3", … when that is taken.
[[nodiscard]] std::string make_id(const Store& store, std::string_view name);

// The names under which an import may store a site that asks for `asked`: itself, then with its place
// ("Walgreens (Boston, MA 02108)"), then numbered. The same site asks in the same order every time.
class NameChoice {
 public:
  NameChoice(std::string_view asked, const Site& site) : asked_(asked), site_(site) {}
  // The next candidate. How many bytes of it are `asked` is in asked_size(): 0 when it is all of it.
  const std::string& next();
  [[nodiscard]] std::uint16_t asked_size() const { return asked_size_; }

 private:
  std::string_view asked_;
  const Site& site_;
  std::uint32_t tried_ = 0;
  std::uint16_t asked_size_ = 0;
  std::string candidate_;
};

// Whether a site stored as `name`, of which `asked_size` bytes were asked for, is what `asked` asks for.
[[nodiscard]] bool is_asked_name(std::string_view name, std::uint16_t asked_size, std::string_view asked);

}  // namespace titer::registry
