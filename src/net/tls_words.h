// SPDX-License-Identifier: Apache-2.0

// TLS words: errors of TLS as sentences for the log and for people at a terminal. Thread rule: that of the connection.
#pragma once

#include <string>

struct x509_store_ctx_st;  // OpenSSL's X509_STORE_CTX

namespace titer::net {

// Why a certificate is not accepted. `host`: the one that was dialled; empty: this side accepted the connection.
[[nodiscard]] std::string words_for_certificate(x509_store_ctx_st* store, const std::string& host);
// `error`: of OpenSSL's queue. `dials`: this side dialled.
[[nodiscard]] std::string words_for_error(unsigned long error, bool dials);

}  // namespace titer::net
