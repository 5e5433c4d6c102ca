// SPDX-License-Identifier: Apache-2.0

// From requests' fields to a site and back: overlay, difference, and putting one change back.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "registry/request.h"
#include "registry/types.h"

namespace titer::registry {

// Lays `fields` (valid ones) over the site. A point that was not given follows the ZIP; so does the state when the ZIP
// changes and no state comes with it, or when the site has none. External ids replace, as verified ones (scope.h).
void overlay(const SiteFields& fields, Site& site);
// Sets the point from the ZIP's centroid, unless the point was given.
void follow_zip(Site& site);
// Sorted, each pair once: the order in which external ids are kept.
void normalize(std::vector<ExternalId>& pairs);

// The differences of two sites as texts, for an event. Compares what SiteFields can set; the point only when one
// of the two was given (one that follows the ZIP is no change of its own).
class FieldDiff {
 public:
  // Views in the result: of the sites, or of this object; valid until the next call.
  const std::vector<FieldChange>& compare(const Site& before, const Site& after);

 private:
  void add(std::string_view field, std::string_view before, std::string_view after);
  std::vector<FieldChange> changes_;
  std::array<std::string, 6> texts_;
};

// Puts one field back to what it was before `change`. `site` then shows views of `change`. False: unknown field.
bool put_back(const FieldChange& change, Site& site);

}  // namespace titer::registry
