// What holds of the text of all documents: no line is longer than 100 columns, and what they name
// exists.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace bnsyn {
namespace {

const std::filesystem::path kSources = BNSYN_SOURCE_DIR;

// All *.md files but those of build directories.
std::vector<std::filesystem::path> Documents() {
  std::vector<std::filesystem::path> documents;
  auto entry = std::filesystem::recursive_directory_iterator(kSources);
  for (; entry != std::filesystem::recursive_directory_iterator(); ++entry) {
    const std::string name = entry->path().filename().string();
    if (name == "build" || name[0] == '.') entry.disable_recursion_pending();
    if (entry->path().extension() == ".md") documents.push_back(entry->path());
  }
  return documents;
}

std::vector<std::string> Lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// In characters: bytes that continue one of UTF-8 do not count.
size_t Columns(const std::string& line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// Rows of tables and indented output cannot be broken.
bool CanBeBroken(const std::string& line) {
  return line.rfind("    ", 0) != 0 && line.rfind("|", 0) != 0;
}

TEST(Documents, HaveLinesOfAtMost100Columns) {
  ASSERT_GE(Documents().size(), 4u);
  for (const std::filesystem::path& path : Documents()) {
    const std::vector<std::string> lines = Lines(path);
    for (size_t i = 0; i < lines.size(); ++i) {
      if (!CanBeBroken(lines[i])) continue;
      EXPECT_LE(Columns(lines[i]), 100u) << path.string() << ":" << i + 1;
    }
  }
}

TEST(Documents, LinkToFilesThatExist) {
  const std::regex link("\\]\\(([^)#:]+)(#[^)]*)?\\)");
  for (const std::filesystem::path& path : Documents()) {
    for (const std::string& line : Lines(path)) {
      for (std::sregex_iterator match(line.begin(), line.end(), link), end; match != end; ++match) {
        const std::string target = (*match)[1];
        EXPECT_TRUE(std::filesystem::exists(path.parent_path() / target))
            << path.string() << " links to " << target;
      }
    }
  }
}

// True if a file of the folder matches the pattern, in which * is any text.
bool HasFile(const std::filesystem::path& folder, const std::string& pattern) {
  if (!std::filesystem::exists(folder)) return false;
  const std::regex expression(std::regex_replace(pattern, std::regex("\\*"), ".*"));
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (std::regex_match(entry.path().filename().string(), expression)) return true;
  }
  return false;
}

// `ir/print.cc`, `ir/parse_*.cc` and `tests/cases/ops/` are paths. A capital NAME stands for any.
TEST(Documents, NamePathsThatExist) {
  const std::regex path(
      "`((ir|reference|compiler|runtime|tools|models|examples|tests|bench|include|docs)/[^` ]*)`");
  size_t paths = 0;
  for (const std::filesystem::path& document : Documents()) {
    for (const std::string& line : Lines(document)) {
      for (std::sregex_iterator match(line.begin(), line.end(), path), end; match != end; ++match) {
        const std::string text = std::regex_replace((*match)[1].str(), std::regex("NAME"), "*");
        ++paths;
        // What stands behind a pattern is not looked at.
        std::filesystem::path folder = kSources;
        for (const std::filesystem::path& part : std::filesystem::path(text)) {
          if (part.string().find('*') == std::string::npos) {
            folder /= part;
            EXPECT_TRUE(std::filesystem::exists(folder)) << document.string() << " names " << text;
            continue;
          }
          EXPECT_TRUE(HasFile(folder, part.string())) << document.string() << " names " << text;
          break;
        }
      }
    }
  }
  EXPECT_GE(paths, 20u);
}

}  // namespace
}  // namespace bnsyn
