// SPDX-License-Identifier: Apache-2.0

// What went wrong with TLS, in sentences for the log and for people at a terminal.
#pragma once

#include <string>

struct x509_store_ctx_st;  // OpenSSL's X509_STORE_CTX

namespace titer::net {

// Why a certificate is not accepted. `host`: that was dialled; empty: nobody was.
[[nodiscard]] std::string words_for_certificate(x509_store_ctx_st* store, const std::string& host);
// `error`: of OpenSSL's queue. `dials`: it is we who dialled.
[[nodiscard]] std::string words_for_error(unsigned long error, bool dials);

}  // namespace titer::net
