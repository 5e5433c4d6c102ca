// SPDX-License-Identifier: Apache-2.0

#include "formats/smart_json.h"

namespace titer::formats::smart {
namespace json = boost::json;

std::string_view text_of(const json::value* value) {
  const json::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string_view(text->data(), text->size()) : std::string_view();
}

std::string_view text_at(const Object& object, std::string_view name) { return text_of(object.if_contains(name)); }

const Object* object_at(const Object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr ? value->if_object() : nullptr;
}

const Array* array_at(const Object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr ? value->if_array() : nullptr;
}

const Object* first_at(const Object& object, std::string_view name) {
  const Array* list = array_at(object, name);
  if (list == nullptr) return object_at(object, name);
  return list->empty() ? nullptr : list->front().if_object();
}

const Object* extension_of(const Object& object, std::string_view url) {
  const Array* list = array_at(object, "extension");
  if (list == nullptr) return nullptr;
  for (const json::value& each : *list) {
    const Object* extension = each.if_object();
    if (extension != nullptr && text_at(*extension, "url") == url) return extension;
  }
  return nullptr;
}

std::string_view id_in(std::string_view reference, std::string_view type) {
  const std::size_t slash = reference.rfind('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view before = reference.substr(0, slash);
  const bool fits = before == type || (before.ends_with(type) && before[before.size() - type.size() - 1] == '/');
  return fits ? reference.substr(slash + 1) : std::string_view();
}

}  // namespace titer::formats::smart
