// SPDX-License-Identifier: Apache-2.0

// The fixed names of SMART Scheduling Links, and ours in its words.
//
// Source: smart-on-fhir/smart-scheduling-links, specification.md. What FHIR has no place for travels in two names of our
// own, which others ignore: the site's id as one more identifier, the claim as it was made as one more extension.
#pragma once

#include <string_view>

namespace titer::formats::smart {

inline constexpr std::string_view kVtrcks = "https://cdc.gov/vaccines/programs/vtrcks";
inline constexpr std::string_view kNpi = "http://hl7.org/fhir/sid/us-npi";
inline constexpr std::string_view kCvx = "http://hl7.org/fhir/sid/cvx";

inline constexpr std::string_view kLastSourceSync = "http://hl7.org/fhir/StructureDefinition/lastSourceSync";
inline constexpr std::string_view kProduct =
    "http://fhir-registry.smarthealthit.org/StructureDefinition/vaccine-product";
inline constexpr std::string_view kHasAvailability =
    "http://fhir-registry.smarthealthit.org/StructureDefinition/has-availability";
inline constexpr std::string_view kBookingLink =
    "http://fhir-registry.smarthealthit.org/StructureDefinition/booking-deep-link";
inline constexpr std::string_view kBookingPhone =
    "http://fhir-registry.smarthealthit.org/StructureDefinition/booking-phone";
inline constexpr std::string_view kCapacity =
    "http://fhir-registry.smarthealthit.org/StructureDefinition/slot-capacity";

inline constexpr std::string_view kOwnSite = "urn:titer:site";       // identifier of a Location: our id
inline constexpr std::string_view kOwnSystem = "urn:titer:system:";  // before an external id's system
inline constexpr std::string_view kOwnClaim =
    "urn:titer:availability";  // valueString "12", "true", "false", "unknown"

}  // namespace titer::formats::smart
