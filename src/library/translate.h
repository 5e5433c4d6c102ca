// SPDX-License-Identifier: Apache-2.0

// Between the values of include/titer and those of the registry, both ways, and nothing else.
//
// The registry's values are views. So what goes in is encoded at once, while the caller's texts live, and what comes out is
// copied. What the replicas would take for a broken message (too many parts, a text that is too long) is found here and
// refused with kInvalid or kTooLarge: they would cut the connection, and the client would try the next one in vain.
// Products may be NDC codes; the result is CVX. Pure.
#pragma once

#include <titer/types.h>

#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "registry/query.h"
#include "registry/request.h"
#include "registry/types.h"

namespace titer::library {

namespace api = TITER_NAMESPACE;

// --- in: views of what they were given

// wire::encode_request() of it.
[[nodiscard]] api::Result<Bytes> request_body(const api::Operation& operation, const api::WriteOptions& options);
// All or nothing.
[[nodiscard]] api::Result<Bytes> request_body(const std::vector<api::Operation>& operations,
                                              const api::WriteOptions& options);
[[nodiscard]] api::Result<registry::Query> query_of(const api::SiteRef& site);
[[nodiscard]] api::Result<registry::Query> query_of(const api::List& list);
[[nodiscard]] api::Result<registry::Query> query_of(const api::Near& near);
[[nodiscard]] api::Result<registry::Query> query_of(const api::History& history);

// --- out

[[nodiscard]] api::Code code_of(Code code);  // not kOk
[[nodiscard]] api::Error error_of(const Error& error);
[[nodiscard]] api::Position position_of(Position position);
// A refusal becomes an Error.
[[nodiscard]] api::Result<api::Outcome> outcome_of(const Result<registry::Outcome>& outcome);
[[nodiscard]] api::Site site_of(const registry::Site& site);
[[nodiscard]] api::Change change_of(const registry::Event& event);

}  // namespace titer::library
