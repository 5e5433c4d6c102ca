// SPDX-License-Identifier: Apache-2.0

#include "net/authority.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ip/address.hpp>
#include <memory>
#include <string_view>
#include <utility>

namespace titer::net {

namespace {

constexpr int kDaySeconds = 86'400;
constexpr int kClockSlackSeconds = 300;  // of machines whose clocks are late
constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kCommonNameBytesMax = 64;  // X.520

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Freer<X509_free>>;
using Memory = std::unique_ptr<BIO, Freer<BIO_free_all>>;

Error failed(const char* what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return {Code::kInternal, std::string("cannot ") + what + (reason == nullptr ? "" : std::string(": ") + reason)};
}

std::string text_of(BIO* memory) {
  char* text = nullptr;
  const long bytes = BIO_get_mem_data(memory, &text);
  return {text, static_cast<std::size_t>(bytes)};
}

Memory reader(const std::string& text) {
  return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, kSerialBytes> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] &= 0x7F;  // positive
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  const bool set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

// Everything but the extensions and the signature.
Cert begin(EVP_PKEY* key, const std::string& name, Validity validity) {
  Cert certificate(X509_new());
  X509* c = certificate.get();
  const auto* text = reinterpret_cast<const unsigned char*>(name.data());
  const auto bytes = static_cast<int>(std::min(name.size(), kCommonNameBytesMax));
  const bool done =
      c != nullptr && X509_set_version(c, X509_VERSION_3) == 1 && set_serial(c) &&
      X509_gmtime_adj(X509_getm_notBefore(c), long{validity.from} * kDaySeconds - kClockSlackSeconds) != nullptr &&
      X509_gmtime_adj(X509_getm_notAfter(c), long{validity.to} * kDaySeconds) != nullptr &&
      X509_NAME_add_entry_by_NID(X509_get_subject_name(c), NID_commonName, MBSTRING_UTF8, text, bytes, -1, 0) ==
          1 &&
      X509_set_pubkey(c, key) == 1;
  return done ? std::move(certificate) : nullptr;
}

Result<Certificate> finish(X509* certificate, EVP_PKEY* key, EVP_PKEY* signing) {
  const Memory cert_text(BIO_new(BIO_s_mem())), key_text(BIO_new(BIO_s_mem()));
  if (X509_sign(certificate, signing, EVP_sha256()) == 0 || PEM_write_bio_X509(cert_text.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return failed("sign the certificate");
  return Certificate{text_of(cert_text.get()), text_of(key_text.get())};
}

// "IP:127.0.0.1,DNS:db.example"
Result<std::string> alternative_names(const std::vector<std::string>& names) {
  constexpr std::string_view kLegal = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-*_";
  std::string out;
  for (const std::string& name : names) {
    boost::system::error_code no_ip;
    boost::asio::ip::make_address(name, no_ip);
    if (name.empty() || (no_ip && name.find_first_not_of(kLegal) != std::string::npos))
      return Error{Code::kInvalid, "'" + name + "' is neither an IP address nor the name of a host"};
    out += (out.empty() ? "" : ",") + std::string(no_ip ? "DNS:" : "IP:") + name;
  }
  if (out.empty()) return Error{Code::kInvalid, "a certificate is for at least one name or address"};
  return out;
}

}  // namespace

Result<Certificate> make_authority(const std::string& name, Validity validity) {
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return failed("make a key");
  const Cert certificate = begin(key.get(), name, validity);
  X509* c = certificate.get();
  if (!certificate || X509_set_issuer_name(c, X509_get_subject_name(c)) != 1 ||
      !add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(c, c, NID_subject_key_identifier, "hash"))
    return failed("make the authority's certificate");
  return finish(c, key.get(), key.get());
}

Result<Certificate> issue(const Certificate& authority, const std::vector<std::string>& names, Validity validity,
                          Purpose purpose) {
  const Result<std::string> alternatives = alternative_names(names);
  if (!alternatives) return alternatives.error();
  const Cert issuer(PEM_read_bio_X509(reader(authority.certificate).get(), nullptr, nullptr, nullptr));
  const Key signing(PEM_read_bio_PrivateKey(reader(authority.key).get(), nullptr, nullptr, nullptr));
  if (!issuer || !signing) return failed("read the authority's certificate and key");
  if (X509_check_private_key(issuer.get(), signing.get()) != 1)
    return failed("use the authority: its key is not that of its certificate");
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return failed("make a key");
  const Cert certificate = begin(key.get(), names.front(), validity);
  X509* c = certificate.get();
  if (!certificate || X509_set_issuer_name(c, X509_get_subject_name(issuer.get())) != 1 ||
      !add_extension(c, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(c, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(c, issuer.get(), NID_ext_key_usage,
                     purpose == Purpose::kReplica ? "serverAuth,clientAuth" : "clientAuth") ||
      !add_extension(c, issuer.get(), NID_subject_key_identifier, "hash") ||
      !add_extension(c, issuer.get(), NID_authority_key_identifier, "keyid") ||
      !add_extension(c, issuer.get(), NID_subject_alt_name, *alternatives))
    return failed("make the certificate");
  return finish(c, key.get(), signing.get());
}

}  // namespace titer::net
