// SPDX-License-Identifier: Apache-2.0

#include "net/tls_words.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/ip/address.hpp>
#include <cstring>
#include <memory>
#include <string_view>

namespace titer::net {

namespace {

std::string time_text(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
  ASN1_TIME_print_ex(out.get(), time, ASN1_DTFLGS_ISO8601);
  char* text = nullptr;
  const long bytes = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(bytes)};
}

std::string text_of(const GENERAL_NAME& name) {
  if (name.type == GEN_DNS)
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name.d.dNSName)),
            static_cast<std::size_t>(ASN1_STRING_length(name.d.dNSName))};
  if (name.type != GEN_IPADD) return {};
  const unsigned char* bytes = ASN1_STRING_get0_data(name.d.iPAddress);
  boost::asio::ip::address_v4::bytes_type v4;
  boost::asio::ip::address_v6::bytes_type v6;
  const auto length = static_cast<std::size_t>(ASN1_STRING_length(name.d.iPAddress));
  if (length == v4.size()) {
    std::memcpy(v4.data(), bytes, v4.size());
    return boost::asio::ip::address_v4(v4).to_string();
  }
  if (length != v6.size()) return {};
  std::memcpy(v6.data(), bytes, v6.size());
  return boost::asio::ip::address_v6(v6).to_string();
}

// "127.0.0.1, db.example"
std::string names_of(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  std::string out;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string name = text_of(*sk_GENERAL_NAME_value(names.get(), i));
    if (!name.empty()) out += (out.empty() ? "" : ", ") + name;
  }
  return out.empty() ? "nobody" : out;
}

}  // namespace

std::string words_for_certificate(x509_store_ctx_st* store, const std::string& host) {
  const X509* certificate = X509_STORE_CTX_get_current_cert(store);
  const int error = X509_STORE_CTX_get_error(store);
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "its certificate has expired on " + time_text(X509_get0_notAfter(certificate)) +
             "; it needs a new one";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "its certificate is not valid before " + time_text(X509_get0_notBefore(certificate)) +
             "; compare the clocks";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "its certificate is not for " + host + " but for " + names_of(certificate);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE: return "its certificate is of another authority than mine";
    default: return std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(error);
  }
}

std::string words_for_error(unsigned long error, bool dials) {
  const int reason = ERR_GET_REASON(error);
  if (dials && (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG))
    return "it does not speak TLS: connect without TLS (no --ca, http:// for https://), or let it serve with TLS";
  if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
    return "we have no version of TLS in common: 1.2 and 1.3 are spoken here";
  const char* text = ERR_reason_error_string(error);
  const std::string_view what = text == nullptr ? std::string_view("no reason given") : text;
  // "tlsv1 alert unknown ca": what the other side thinks of us.
  const std::size_t alert = what.find("alert ");
  if (alert == std::string_view::npos) return "TLS failed: " + std::string(what);
  return "it refused the TLS connection, and gave as its reason: " + std::string(what.substr(alert + 6));
}

}  // namespace titer::net
