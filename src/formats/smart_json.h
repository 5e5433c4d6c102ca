// SPDX-License-Identifier: Apache-2.0

// Looking into FHIR's JSON leniently: what is absent or of another kind reads as empty, never as an error.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "formats/smart_writer.h"

namespace titer::formats::smart {

using Object = boost::json::object;
using Array = boost::json::array;

[[nodiscard]] std::string_view text_of(const boost::json::value* value);
[[nodiscard]] std::string_view text_at(const Object& object, std::string_view name);
[[nodiscard]] const Object* object_at(const Object& object, std::string_view name);
[[nodiscard]] const Array* array_at(const Object& object, std::string_view name);
// The first object of the list; a lone object where a list belongs is taken too.
[[nodiscard]] const Object* first_at(const Object& object, std::string_view name);
// Every object of the list; a lone object where a list belongs is taken too.
template <typename Visit>
void each_at(const Object& object, std::string_view name, const Visit& visit) {
  if (const Array* list = array_at(object, name)) {
    for (const boost::json::value& each : *list)
      if (const Object* one = each.if_object()) visit(*one);
  } else if (const Object* lone = object_at(object, name)) {
    visit(*lone);
  }
}
// The extension with this url, of the object's `extension`.
[[nodiscard]] const Object* extension_of(const Object& object, std::string_view url);
// "Location/17" or ".../Location/17": "17"; empty: no reference to this type.
[[nodiscard]] std::string_view id_in(std::string_view reference, std::string_view type);

[[nodiscard]] Result<SmartManifest> manifest_of(const Object& object);

}  // namespace titer::formats::smart
