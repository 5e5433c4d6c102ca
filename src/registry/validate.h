// SPDX-License-Identifier: Apache-2.0

// Validation: the rules for every field of the registry, and the sentences that refuse.
//
// A refusal says what is wrong and what to do instead; its code says who can react. Nothing here changes anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "registry/query.h"
#include "registry/request.h"
#include "registry/store.h"

namespace titer::registry {

// Sets code and message; always false, so that a check can return it.
bool refuse(Outcome& out, Code code, std::string message);
inline bool refuse(Outcome& out, const Error& error) { return refuse(out, error.code, error.message); }

[[nodiscard]] bool is_site_id(std::string_view text);
[[nodiscard]] bool is_product(std::string_view text);

// Nobody who follows it runs something: an http, https, mailto or tel address, or a text without a scheme (the page reads
// "example.org/book" as an address of the web, and shows no link for the rest).
[[nodiscard]] bool is_link(std::string_view text);

// Clean (base/text.h), at most `max` bytes.
[[nodiscard]] bool check_text(std::string_view text, std::string_view field, std::size_t max, Outcome& out);
// Actor, reason, idempotency key.
[[nodiscard]] bool check_envelope(const Request& request, Outcome& out);
[[nodiscard]] bool check_claim(const StockClaim& claim, Outcome& out);
// Of what a message carries only so many: the external ids of a site, the parts of a scope, the operations of a bulk, the products
// of a question (kTooLarge). More would look like a damaged message to a replica, so clients check before they send.
[[nodiscard]] Status check_counts(const SiteFields& fields);
[[nodiscard]] Status check_counts(const CreateKey& key);
[[nodiscard]] Status check_counts(const Bulk& bulk);
[[nodiscard]] Status check_counts(const Request& request);
[[nodiscard]] Status check_counts(const Query& query);
// Everything in `fields` that can be judged without the state.
[[nodiscard]] bool check_fields(const SiteFields& fields, Outcome& out);
// A whole site as another replica sent it, or the disk has it. Its texts may be of before a rule, so they only have to be UTF-8.
[[nodiscard]] bool is_sound(const SiteImage& image);

}  // namespace titer::registry
