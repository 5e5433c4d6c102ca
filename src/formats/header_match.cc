// SPDX-License-Identifier: Apache-2.0

#include "formats/header_match.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/text.h"

namespace titer::formats {
namespace {

struct Meaning {
  Column column;
  std::string_view name;  // letters and digits of a foreign header, in lower case
};
// Of several columns of one meaning the first in this order is taken: a count before a yes, a code before a name.
constexpr Meaning kMeanings[] = {
    {Column::kSiteId, "siteid"},
    {Column::kSiteId, "locationid"},
    {Column::kSiteId, "facilityid"},
    {Column::kSiteId, "clinicid"},
    {Column::kSiteId, "storeid"},
    {Column::kSiteId, "id"},
    {Column::kName, "sitename"},
    {Column::kName, "locationname"},
    {Column::kName, "facilityname"},
    {Column::kName, "clinicname"},
    {Column::kName, "pharmacyname"},
    {Column::kName, "storename"},
    {Column::kName, "providerlocationname"},
    {Column::kName, "providername"},
    {Column::kName, "locname"},
    {Column::kName, "facility"},
    {Column::kName, "clinic"},
    {Column::kName, "pharmacy"},
    {Column::kName, "site"},
    {Column::kName, "location"},
    {Column::kStreet, "streetaddress"},
    {Column::kStreet, "address"},
    {Column::kStreet, "address1"},
    {Column::kStreet, "addressline1"},
    {Column::kStreet, "street1"},
    {Column::kCity, "town"},
    {Column::kState, "statecode"},
    {Column::kState, "stateabbreviation"},
    {Column::kState, "st"},
    {Column::kZip, "zipcode"},
    {Column::kZip, "postalcode"},
    {Column::kZip, "postcode"},
    {Column::kZip, "zip5"},
    {Column::kCounty, "countyname"},
    {Column::kLat, "latitude"},
    {Column::kLon, "longitude"},
    {Column::kLon, "lng"},
    {Column::kLon, "long"},
    {Column::kProduct, "ndc"},
    {Column::kProduct, "ndccode"},
    {Column::kProduct, "ndc11"},
    {Column::kProduct, "nationaldrugcode"},
    {Column::kProduct, "cvx"},
    {Column::kProduct, "cvxcode"},
    {Column::kProduct, "vaccinecode"},
    {Column::kProduct, "vaccine"},
    {Column::kProduct, "vaccinename"},
    {Column::kProduct, "vaccinetype"},
    {Column::kProduct, "productname"},
    {Column::kProduct, "tradename"},
    {Column::kProduct, "brand"},
    {Column::kAvailability, "dosesavailable"},
    {Column::kAvailability, "availabledoses"},
    {Column::kAvailability, "coursesavailable"},
    {Column::kAvailability, "dosesonhand"},
    {Column::kAvailability, "quantityonhand"},
    {Column::kAvailability, "quantityavailable"},
    {Column::kAvailability, "onhand"},
    {Column::kAvailability, "quantity"},
    {Column::kAvailability, "qty"},
    {Column::kAvailability, "doses"},
    {Column::kAvailability, "count"},
    {Column::kAvailability, "inventory"},
    {Column::kAvailability, "stock"},
    {Column::kAvailability, "instock"},
    {Column::kAvailability, "available"},
    {Column::kValidAt, "asof"},
    {Column::kValidAt, "asofdate"},
    {Column::kValidAt, "lastreportdate"},
    {Column::kValidAt, "reportdate"},
    {Column::kValidAt, "reportedat"},
    {Column::kValidAt, "inventorydate"},
    {Column::kValidAt, "coursesavailabledate"},
    {Column::kValidAt, "quantitylastupdated"},
    {Column::kValidAt, "lastupdated"},
    {Column::kValidAt, "lastupdate"},
    {Column::kValidAt, "updatedat"},
    {Column::kValidAt, "updated"},
    {Column::kValidAt, "timestamp"},
    {Column::kValidAt, "date"},
    {Column::kPhone, "phonenumber"},
    {Column::kPhone, "telephone"},
    {Column::kInfoUrl, "website"},
    {Column::kInfoUrl, "webaddress"},
    {Column::kInfoUrl, "url"},
    {Column::kBookingUrl, "bookinglink"},
    {Column::kBookingUrl, "schedulinglink"},
    {Column::kBookingUrl, "appointmenturl"},
    {Column::kProvider, "organizationname"},
    {Column::kProvider, "organization"},
    {Column::kProvider, "chain"},
    {Column::kHours, "openinghours"},
    {Column::kHours, "hoursofoperation"},
};
constexpr std::string_view kHowToMap =
    "say it with --map (over HTTP: the parameter map), such as name=\"Clinic\",availability=\"Doses left\"; "
    "nothing was taken";

std::size_t index_of(Column column) { return static_cast<std::size_t>(column); }

std::string letters_and_digits(std::string_view text) {
  std::string out;
  for (const char c : lower(text))
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out.push_back(c);
  return out;
}

class Matcher {
 public:
  Matcher(const Header& header, Report& report) : header_(header), report_(report), taken_(header.size()) {
    at_.fill(Header::kAbsent);
  }

  Status by_map(const ColumnMap& map) {
    for (const auto& [ours, theirs] : map) {
      const auto column = column_named(ours);
      if (!column) return Error{Code::kInvalid, fmt::format("'{}' in the map is no column of ours", ours)};
      given_[index_of(*column)] = true;
      if (theirs.empty()) continue;
      const std::size_t found = header_.find(lower(trim(theirs)));
      if (found == Header::kAbsent)
        return Error{Code::kInvalid, fmt::format("the file has no column '{}', which the map names", theirs)};
      take(*column, found);
    }
    return ok_status();
  }

  void by_own_names() {
    for (std::size_t i = 0; i < header_.size(); ++i) {
      const auto column = column_named(header_.name(i));
      if (!column || taken_[i] || given_[index_of(*column)]) continue;
      if (has(*column)) {
        report_.note(header_.line(), header_.name(i), "this column comes twice: the first one counts");
        taken_[i] = true;
      } else {
        take(*column, i);
        own_ = own_ || *column == Column::kName || *column == Column::kSiteId;
      }
    }
  }

  void by_meaning() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < header_.size(); ++i) names.push_back(letters_and_digits(header_.name(i)));
    for (const Meaning& meaning : kMeanings) {
      const auto found = static_cast<std::size_t>(std::ranges::find(names, meaning.name) - names.begin());
      if (found == names.size() || taken_[found] || has(meaning.column) || given_[index_of(meaning.column)])
        continue;
      take(meaning.column, found);
      report_.note(header_.line(), header_.name(found), "taken for a column of ours",
                   kColumnNames[index_of(meaning.column)]);
      foreign_ = true;
    }
  }

  [[nodiscard]] Status judge() const {
    if (!foreign_ && !own_ && std::ranges::all_of(at_, [](std::size_t i) { return i == Header::kAbsent; }))
      return Error{
          Code::kInvalid,
          "the first line is no header that is known; our own CSV begins with columns such as "
          "site_id,name,street,city,state,zip,product,availability,valid_at,source (at least site_id or name)"};
    if (!has(Column::kName) && !has(Column::kSiteId) && !has(Column::kExternalIds))
      return Error{Code::kInvalid,
                   fmt::format("no column of this file is the name or the id of the sites: {}", kHowToMap)};
    // A list of sites in our own columns may say nothing of stock.
    if (!own_ && !has(Column::kAvailability) && !given_[index_of(Column::kAvailability)])
      return Error{Code::kInvalid, fmt::format("no column of this file says how much there is: {}", kHowToMap)};
    return ok_status();
  }

  void note_rest() {
    for (std::size_t i = 0; i < header_.size(); ++i)
      if (!taken_[i] && !header_.name(i).empty())
        report_.note(header_.line(), header_.name(i), "this column is not known: ignored");
    if (has(Column::kAvailability) && !has(Column::kValidAt)) note_unread_dates(header_, report_);
  }

  [[nodiscard]] const ColumnIndexes& indexes() const { return at_; }

 private:
  [[nodiscard]] bool has(Column column) const { return at_[index_of(column)] != Header::kAbsent; }
  void take(Column column, std::size_t i) {
    at_[index_of(column)] = i;
    taken_[i] = true;
  }

  const Header& header_;
  Report& report_;
  ColumnIndexes at_{};
  std::array<bool, kColumns> given_{};  // by the map
  std::vector<bool> taken_;             // columns of the file
  bool own_ = false, foreign_ = false;
};

}  // namespace

Result<ColumnMap> parse_column_map(std::string_view text) {
  ColumnMap map;
  while (!trim(text).empty()) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos)
      return Error{Code::kInvalid, "a map of columns is zip=\"Zip Code\",availability=Quantity"};
    const std::string_view ours = trim(text.substr(0, equals));
    std::string_view rest = text.substr(equals + 1);
    const bool quoted = rest.starts_with('"');
    if (quoted) rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find(quoted ? '"' : ','), rest.size());
    map.emplace_back(ours, rest.substr(0, end));
    rest.remove_prefix(end);
    if (quoted && rest.starts_with('"')) rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of(" ,"), rest.size()));
    text = rest;
  }
  return map;
}

Result<ColumnIndexes> match_columns(const Header& header, const ColumnMap& map, Report& report) {
  Matcher matcher(header, report);
  if (const Status mapped = matcher.by_map(map); !mapped) return mapped.error();
  matcher.by_own_names();
  matcher.by_meaning();
  if (const Status judged = matcher.judge(); !judged) return judged.error();
  matcher.note_rest();
  return matcher.indexes();
}

}  // namespace titer::formats
