// SPDX-License-Identifier: Apache-2.0

#include "titer/smart_feed.h"

#include <filesystem>
#include <fstream>

#include "formats/inflate.h"
#include "formats/smart_writer.h"

namespace titer::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kManifestBytesMax = std::size_t{1} << 20;  // ten thousand files

// The text of a small file, unpacked; empty if it is not one.
std::string small_text(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size > kManifestBytesMax) return {};
  std::ifstream in(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(size), '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(text.size()))) return {};
  if (!text.starts_with("\x1F\x8B")) return text;
  std::string unpacked;
  formats::Inflater inflater([&](ByteView bytes) {
    if (unpacked.size() <= kManifestBytesMax) unpacked.append(as_text(bytes));
  });
  return inflater.feed(as_bytes(text)).ok() && inflater.finish().ok() ? unpacked : std::string();
}

std::string beside(const fs::path& directory, std::string_view url);

// Empty: it is not there. What stands behind '?' or '#' is not the file's name, unless a file is called so.
std::string file_of(const fs::path& directory, std::string_view url) {
  std::string path = beside(directory, url);
  return path.empty() ? beside(directory, url.substr(0, url.find_first_of("?#"))) : path;
}

std::string beside(const fs::path& directory, std::string_view url) {
  const std::size_t host = url.find("://");
  std::string_view tail = host == std::string_view::npos ? url : url.substr(host + 3);
  for (;;) {
    // Never out of the directory: an address is what a stranger wrote.
    const bool inside = !tail.empty() && tail[0] != '/' && tail.find("..") == std::string_view::npos;
    for (const char* packed : {"", ".gz"}) {
      const fs::path path = directory / (std::string(tail) + packed);
      std::error_code error;
      if (inside && fs::is_regular_file(path, error)) return path.string();
    }
    const std::size_t slash = tail.find('/');
    if (slash == std::string_view::npos) return {};
    tail.remove_prefix(slash + 1);
  }
}

}  // namespace

std::vector<std::vector<std::string>> feeds_of(const std::vector<std::string>& files, const std::string& format,
                                               std::vector<std::string>& missing) {
  std::vector<std::vector<std::string>> feeds;
  for (const std::string& file : files) {
    if (feeds.empty() || format != "smart") feeds.emplace_back();
    feeds.back().push_back(file);
    const Result<formats::SmartManifest> manifest = formats::parse_manifest(small_text(file));
    if (!manifest) continue;
    for (const formats::SmartOutput& output : manifest->outputs) {
      const std::string path = file_of(fs::path(file).parent_path(), output.url);
      (path.empty() ? missing : feeds.back()).push_back(path.empty() ? output.url : path);
    }
  }
  return feeds;
}

}  // namespace titer::app
