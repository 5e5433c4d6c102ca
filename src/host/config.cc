// SPDX-License-Identifier: Apache-2.0

#include "host/config.h"

#define TOML_EXCEPTIONS 0  // a file that cannot be read is a result
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <tuple>

#include "base/limits.h"
#include "host/log_file.h"
#include "net/named_file.h"
#include "net/secret_file.h"
#include "net/tls.h"

namespace titer::host {

namespace {

// Reads one value after another; the first thing that is wrong is kept.
constexpr std::int64_t kConnectionsMax = 1'000'000;  // beyond what there are descriptors for
constexpr std::int64_t kRequestsMax = 1'000'000;     // a second; more than a replica answers

class Reader {
 public:
  Reader(const toml::table& root, const std::string& file) : root_(root), file_(file) {}

  [[nodiscard]] const std::string& wrong() const { return wrong_; }
  void fail(const toml::node* at, const std::string& what) {
    if (!wrong_.empty()) return;
    wrong_ = at != nullptr ? fmt::format("{}:{}: {}", file_, at->source().begin.line, what)
                           : fmt::format("{}: {}", file_, what);
  }

  // Only these names may be there.
  void only(const char* section, std::initializer_list<std::string_view> names) {
    const toml::table* table = *section == '\0' ? &root_ : table_of(section);
    if (table == nullptr) return;
    for (const auto& [key, value] : *table)
      if (std::find(names.begin(), names.end(), key.str()) == names.end())
        fail(&value, fmt::format("there is no \"{}\" in {}", key.str(), place(section)));
  }

  template <typename Value>
  std::optional<Value> value(const char* section, const char* name, const char* kind) {
    const toml::table* table = *section == '\0' ? &root_ : table_of(section);
    const toml::node* node = table != nullptr ? table->get(name) : nullptr;
    if (node == nullptr) return std::nullopt;
    auto found = node->value_exact<Value>();
    if (!found) fail(node, fmt::format("\"{}\" must be {}", name, kind));
    return found;
  }
  std::string text(const char* section, const char* name, std::string otherwise = {}) {
    return value<std::string>(section, name, "a text, in quotes").value_or(std::move(otherwise));
  }
  std::string needed(const char* section, const char* name) {
    std::string found = text(section, name);
    if (found.empty()) fail(nullptr, fmt::format("\"{}\" is missing in {}", name, place(section)));
    return found;
  }
  // 0: it is not there.
  std::uint32_t number(const char* section, const char* name, std::int64_t least, std::int64_t most) {
    const auto found = value<std::int64_t>(section, name, "a whole number");
    if (found && (*found < least || *found > most))
      fail(node_of(section, name), fmt::format("\"{}\" must be a number from {} to {}", name, least, most));
    return static_cast<std::uint32_t>(found.value_or(0));
  }
  net::Address address(const char* section, const char* name, const std::string& text) {
    auto found = net::parse_address(text);
    if (!found) fail(node_of(section, name), fmt::format("\"{}\": {}", name, found.error().message));
    return found ? *found : net::Address();
  }
  std::vector<std::string> texts(const char* section, const char* name) {
    std::vector<std::string> out;
    const toml::node* node = node_of(section, name);
    const toml::array* list = node != nullptr ? node->as_array() : nullptr;
    if (list == nullptr || list->empty()) {
      fail(node, fmt::format("\"{}\" in {} must be a list of texts", name, place(section)));
      return out;
    }
    for (const toml::node& one : *list) {
      if (const auto* text = one.as_string())
        out.push_back(text->get());
      else
        fail(&one, fmt::format("\"{}\" must be a list of texts", name));
    }
    return out;
  }
  const toml::node* node_of(const char* section, const char* name) {
    const toml::table* table = table_of(section);
    return table != nullptr ? table->get(name) : nullptr;
  }

 private:
  static std::string place(const char* section) {
    return *section == '\0' ? "the file" : fmt::format("[{}]", section);
  }
  const toml::table* table_of(const char* section) {
    const toml::node* node = root_.get(section);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) fail(node, fmt::format("\"{}\" must be a section", section));
    return node->as_table();
  }

  const toml::table& root_;
  std::string file_;
  std::string wrong_;
};

void check_names(Reader& in) {
  in.only("", {"cluster", "replica", "register", "tls", "http", "limits", "log", "insecure"});
  in.only("cluster", {"name", "restart_with", "secret_file"});
  in.only("replica", {"index", "data", "wire", "http", "durability", "local_socket", "execution_log", "reads"});
  in.only("register", {"endpoints", "user", "password_file", "ca", "certificate", "key"});
  in.only("tls", {"ca", "certificate", "key"});
  in.only("http", {"hosts", "trusted_proxies"});
  in.only("limits", {"frames_in_flight", "requests_per_key", "requests_per_address", "connections",
                     "connections_per_address"});
  in.only("log", {"level", "file"});
}

void read_replica(Reader& in, const Overrides& overrides, Config& out) {
  auto index = in.value<std::int64_t>("replica", "index", "a whole number");
  if (overrides.index) index = *overrides.index;
  if (!index || *index < 0 || *index >= static_cast<std::int64_t>(limits::kReplicasMax))
    in.fail(in.node_of("replica", "index"),
            fmt::format("[replica] needs an \"index\" from 0 to {}", limits::kReplicasMax - 1));
  out.index = ReplicaId(static_cast<std::uint16_t>(index.value_or(0)));
  out.wire = in.address("replica", "wire", overrides.wire.empty() ? in.needed("replica", "wire") : overrides.wire);
  if (const std::string http = overrides.http.empty() ? in.text("replica", "http") : overrides.http; !http.empty())
    out.http = in.address("replica", "http", http);
  if (const Status one = net::check_one_machine(out.wire); !one)
    in.fail(in.node_of("replica", "wire"), fmt::format("\"wire\": {}", one.error().message));
  if (out.http && out.http->overlaps(out.wire))
    in.fail(in.node_of("replica", "http"),
            "\"wire\" and \"http\" are the same address: each needs a port of its own");
  const std::string durability = in.text("replica", "durability", "disk");
  if (durability != "disk" && durability != "memory")
    in.fail(in.node_of("replica", "durability"), "\"durability\" must be \"disk\" or \"memory\"");
  out.durable = durability == "disk";
  out.data = out.durable ? in.needed("replica", "data") : in.text("replica", "data");
  out.local_socket = in.text("replica", "local_socket", out.data.empty() ? "" : out.data + "/titer.sock");
  if (!out.local_socket.empty()) out.local_socket = std::filesystem::absolute(out.local_socket).string();
  if (out.http && out.local_socket.empty())
    in.fail(in.node_of("replica", "http"),
            "\"http\" needs a \"local_socket\" or \"data\": it reaches its replica by that");
  out.execution_log = in.text("replica", "execution_log");
  const std::string reads = in.text("replica", "reads", "lease");
  if (reads != "lease" && reads != "confirm")
    in.fail(in.node_of("replica", "reads"), "\"reads\" must be \"lease\" or \"confirm\"");
  out.confirm_reads = reads == "confirm";
}

void read_http(Reader& in, Config& out) {
  if (in.node_of("http", "hosts") != nullptr) out.http_hosts = in.texts("http", "hosts");
  const toml::node* proxies = in.node_of("http", "trusted_proxies");
  if (proxies == nullptr) return;
  for (const std::string& text : in.texts("http", "trusted_proxies")) {
    const auto network = net::Network::parse(text);
    if (network)
      out.trusted_proxies.push_back(*network);
    else
      in.fail(proxies, fmt::format("\"trusted_proxies\": {}", network.error().message));
  }
}

net::Address place_of(const view::HttpEndpoint& endpoint) { return {endpoint.host, endpoint.port}; }

void read_register(Reader& in, Config& out) {
  for (const std::string& text : in.texts("register", "endpoints")) {
    auto endpoint = view::parse_http_endpoint(text);
    if (!endpoint) in.fail(in.node_of("register", "endpoints"), endpoint.error().message);
    if (!endpoint) continue;
    const auto same = [&](const view::HttpEndpoint& one) { return place_of(one).same_place(place_of(*endpoint)); };
    if (std::ranges::any_of(out.etcd.endpoints, same))
      in.fail(in.node_of("register", "endpoints"), fmt::format("\"{}\" is given twice", text));
    out.etcd.endpoints.push_back(std::move(endpoint).value());
  }
  out.etcd.user = in.text("register", "user");
  const std::string password_file = in.text("register", "password_file");
  if (out.etcd.user.empty() != password_file.empty())
    in.fail(nullptr, "[register] needs both \"user\" and \"password_file\", or neither");
  if (password_file.empty()) return;
  out.etcd.password = [password_file] { return net::read_secret_line(password_file); };
  if (const auto password = out.etcd.password(); !password) in.fail(nullptr, password.error().message);
}

TlsFiles tls_files(Reader& in, const char* section) {
  TlsFiles files{in.text(section, "ca"), in.text(section, "certificate"), in.text(section, "key")};
  if (files.certificate.empty() != files.key.empty())
    in.fail(in.node_of(section, "key"),
            fmt::format("[{}] needs both \"certificate\" and \"key\", or neither", section));
  return files;
}

// A file that a replica writes is none that it reads, and no other one that it writes: one of the two would be destroyed.
void check_written_files(Reader& in, const std::string& configuration, const Config& out) {
  const auto plain = [](const std::string& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
  };
  std::vector<std::string> others = {configuration,
                                     out.data,
                                     out.local_socket,
                                     out.secret_file,
                                     out.tls.ca,
                                     out.tls.key,
                                     out.tls.certificate,
                                     out.etcd_tls.ca,
                                     out.etcd_tls.key,
                                     out.etcd_tls.certificate,
                                     in.text("register", "password_file")};
  for (const auto& [section, key, path] :
       {std::tuple("replica", "execution_log", out.execution_log), std::tuple("log", "file", out.log_file)}) {
    if (path.empty()) continue;
    for (const std::string& other : others)
      if (!other.empty() && plain(other) == plain(path))
        in.fail(in.node_of(section, key),
                fmt::format("\"{}\" names {}, which is used for something else: name another file", key, path));
    others.push_back(path);
  }
}

std::optional<double> read_rate(Reader& in, const char* name) {
  if (in.node_of("limits", name) == nullptr) return std::nullopt;
  return in.number("limits", name, 0, kRequestsMax);
}

bool loopback(const std::string& host) {
  const auto ip = net::parse_ip(host);
  return host == "localhost" || (ip && net::is_loopback(*ip));
}

// Before it is sent to anybody: etcd's password in the clear is for this machine only.
Status password_is_safe(const Config& config) {
  if (config.etcd.user.empty() || config.insecure) return ok_status();
  for (const view::HttpEndpoint& endpoint : config.etcd.endpoints)
    if (!endpoint.tls && !loopback(endpoint.host))
      return Error{Code::kInvalid, "[register]: the password of " + config.etcd.user +
                                       " would go in the clear to " + endpoint.text() +
                                       ": give an https:// endpoint, or say insecure = true if "
                                       "nobody can listen in between"};
  return ok_status();
}

}  // namespace

Result<Config> parse_config(const std::string& text, const std::string& name, const Overrides& overrides) {
  const toml::parse_result parsed = toml::parse(text, name);
  if (!parsed)
    return Error{Code::kInvalid,
                 fmt::format("{}:{}: {}", name, parsed.error().source().begin.line, parsed.error().description())};
  Reader in(parsed.table(), name);
  Config out;
  check_names(in);
  out.cluster = in.needed("cluster", "name");
  if (out.cluster.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") !=
      std::string::npos)
    in.fail(in.node_of("cluster", "name"), "the cluster's name has letters, digits, '-', '_' and '.' only");
  const std::string restart_with = in.text("cluster", "restart_with", "majority");
  if (restart_with != "majority" && restart_with != "any")
    in.fail(in.node_of("cluster", "restart_with"), "\"restart_with\" must be \"majority\" or \"any\"");
  out.any_may_restart = restart_with == "any";
  out.secret_file = in.text("cluster", "secret_file");
  read_replica(in, overrides, out);
  read_http(in, out);
  read_register(in, out);
  out.etcd_tls = tls_files(in, "register");
  out.tls = tls_files(in, "tls");
  // Half a section would serve in plain text.
  if (parsed.table().contains("tls") && (!out.tls.given() || out.tls.ca.empty()))
    in.fail(nullptr, "[tls] needs \"ca\", \"certificate\" and \"key\"; without TLS leave the section out");
  out.frames_in_flight = in.number("limits", "frames_in_flight", 1, limits::kUnsafeFramesMax);
  out.rates = net::RateLimits::of(read_rate(in, "requests_per_key"), read_rate(in, "requests_per_address"));
  out.connections.in_all = in.number("limits", "connections", 0, kConnectionsMax);
  out.connections.per_address = in.number("limits", "connections_per_address", 0, kConnectionsMax);
  out.log_level = in.text("log", "level", out.log_level);
  if (const auto level = log_level(out.log_level); !level)
    in.fail(in.node_of("log", "level"), level.error().message);
  out.log_file = in.text("log", "file");
  check_written_files(in, name, out);
  out.insecure = in.value<bool>("", "insecure", "true or false").value_or(false);
  if (!in.wrong().empty()) return Error{Code::kInvalid, in.wrong()};
  return out;
}

Result<Config> read_config(const std::string& path, const Overrides& overrides) {
  const auto text = net::read_small_file(path);
  if (!text) return text.error();
  return parse_config(*text, path, overrides);
}

Status secure_etcd(Config& config) {
  if (const Status safe = password_is_safe(config); !safe) return safe;
  if (std::ranges::none_of(config.etcd.endpoints, &view::HttpEndpoint::tls)) return ok_status();
  auto tls = net::Tls::open({config.etcd_tls.ca, config.etcd_tls.certificate, config.etcd_tls.key});
  if (!tls) return Error{Code::kInvalid, "[register]: " + tls.error().message};
  config.etcd.tls = config.etcd_renewed = std::move(tls).value();
  return ok_status();
}

bool keys_protect(const Config& config) {
  return config.tls.given() || !config.secret_file.empty() || config.insecure;
}

Status secure_enough(const Config& config) {
  if (config.insecure || config.tls.given()) return ok_status();
  for (const net::Address* address : {&config.wire, config.http ? &*config.http : nullptr})
    if (address != nullptr && !loopback(address->host))
      return Error{Code::kInvalid,
                   address->text() +
                       " can be reached from other machines: configure [tls], or say --insecure if whoever "
                       "can reach it may read and write everything"};
  return ok_status();
}

}  // namespace titer::host
