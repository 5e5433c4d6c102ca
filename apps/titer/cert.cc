// SPDX-License-Identifier: Apache-2.0

// titer cert: a private certificate authority, for trials and for those who have none.
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

#include "client/part_file.h"
#include "net/authority.h"
#include "net/named_file.h"
#include "net/secret_file.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/tls_options.h"

namespace titer::app::cert_command {
namespace {

struct Options {
  std::string out, ca, file = kReplicaName, title = "titer private authority";
  std::vector<std::string> names;
  int days = 0;
  bool force = false, replace = false, client = false;
};

constexpr mode_t kPublic = S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, kSecret = S_IRUSR | S_IWUSR;

// Under its name it is whole or not there: replicas look at these files while they are renewed.
Status write_file(const std::string& name, const std::string& text, mode_t mode) {
  auto file = client::PartFile::open(name, mode);
  if (!file) return file.error();
  if (Status written = file->append(as_bytes(text)); !written) return written;
  return file->finish(name);
}

Status make_directory(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return Error{Code::kInvalid, "cannot make the directory " + dir + ": " + error.message()};
  return ok_status();
}

// The key first: a certificate that is there has its key.
Status write_pair(const std::string& dir, const std::string& certificate, const std::string& key,
                  const net::Certificate& pair) {
  if (const Status made = make_directory(dir); !made) return made;
  if (const Status written = write_file(key, pair.key, kSecret); !written) return written;
  return write_file(certificate, pair.certificate, kPublic);
}

int usage(const Error& error) {
  complain(error.message);
  return kExitUsage;
}

int make_ca(const Options& o) {
  const std::string certificate = o.out + "/" + kAuthorityFile, key = o.out + "/" + kAuthorityKeyFile;
  if (!o.force && std::filesystem::exists(key))
    return usage({Code::kInvalid,
                  key + " is there: every certificate of that authority would be lost. --force makes a new one"});
  const auto made = net::make_authority(o.title, {0, o.days});
  if (!made) return usage(made.error());
  if (const Status written = write_pair(o.out, certificate, key, *made); !written) return usage(written.error());
  std::printf(
      "%s is the authority: everybody who connects needs it.\n%s is its key: keep it where no replica runs.\n",
      certificate.c_str(), key.c_str());
  return kExitOk;
}

Result<net::Certificate> authority_in(const std::string& dir) {
  Result<std::string> certificate = net::read_small_file(dir + "/" + kAuthorityFile);
  if (!certificate) return certificate.error();
  Result<std::string> key = net::read_secret(dir + "/" + kAuthorityKeyFile);
  if (!key) return key.error();
  return net::Certificate{std::move(certificate).value(), std::move(key).value()};
}

int issue(const Options& o) {
  const auto authority = authority_in(o.ca);
  if (!authority) return usage(authority.error());
  const std::string key = key_file(o.out, o.file);
  if (!o.replace && std::filesystem::exists(key))
    return usage({Code::kInvalid, key +
                                      " is there, and a new certificate comes with a new key: --replace puts both "
                                      "in the place of the old ones, --file NAME beside them"});
  const auto made =
      net::issue(*authority, o.names, {0, o.days}, o.client ? net::Purpose::kClient : net::Purpose::kReplica);
  if (!made) return usage(made.error());
  const std::string certificate = certificate_file(o.out, o.file);
  if (const Status written = write_pair(o.out, certificate, key, *made); !written) return usage(written.error());
  if (const Status copied = write_file(o.out + "/" + kAuthorityFile, authority->certificate, kPublic); !copied)
    return usage(copied.error());
  std::printf("%s is valid for %d days.\n", certificate.c_str(), o.days);
  return kExitOk;
}

constexpr int kDaysMax = 36'500;
constexpr const char* kExitCodes = "Exit codes: 0 done, 2 wrong usage, or a file that cannot be used.";

Runner setup_ca(Flags& flags) {
  auto o = std::make_shared<Options>();
  o->days = net::kAuthorityDays;
  flags.option("--out", o->out, "directory").required();
  flags.option("--name", o->title, "name of the authority").show_default();
  flags.option("--days", o->days, "days until it expires").between(1, kDaysMax).show_default();
  flags.flag("--force", o->force, "replace the authority that is there");
  flags.footer(kExitCodes);
  return [o] { return make_ca(*o); };
}

Runner setup_issue(Flags& flags) {
  auto o = std::make_shared<Options>();
  o->days = net::kCertificateDays;
  flags.option("--ca", o->ca, "directory with ca.pem and ca-key.pem").required();
  flags.option("--name", o->names, "what it is for: IP addresses and host names, with commas between")
      .required()
      .comma_separated();
  flags.option("--out", o->out, "directory for the files, with a copy of ca.pem").required();
  flags.option("--file", o->file, "its files are FILE.pem and FILE-key.pem").show_default();
  flags.option("--days", o->days, "days until it expires").between(1, kDaysMax).show_default();
  flags.flag("--client", o->client, "for a client only: replicas do not accept it from a replica");
  flags.flag("--replace", o->replace, "replace the certificate and the key that are there");
  flags.footer(kExitCodes);
  return [o] { return issue(*o); };
}

Runner setup(Flags& flags) {
  flags.command("ca", "make an authority: ca.pem and ca-key.pem", setup_ca);
  flags.command("issue", "make a certificate with its key, for a replica or a client", setup_issue);
  flags.footer(
      "Replicas load renewed files by themselves, for new connections (docs/how-to/security.md).\n"
      "A cluster of an organization that has an authority uses that one instead.");
  return {};
}

const Registration registered({Group::kOperate, "cert", "certificates for TLS, for trials", setup});

}  // namespace
}  // namespace titer::app::cert_command
