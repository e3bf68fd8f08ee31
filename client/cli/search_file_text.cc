#include "client/cli/search_file_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/style.h"
#include "common/spec/json.h"
#include "common/spec/message_json.h"

namespace nascent::cli {
namespace {

using spec::Json;

constexpr int kStep = 2;

bool IsPlain(const std::string& key) {
  return !key.empty() && absl::ascii_isalpha(static_cast<unsigned char>(key[0])) &&
         std::all_of(key.begin(), key.end(), [](char letter) {
           return absl::ascii_isalnum(static_cast<unsigned char>(letter)) || letter == '_' ||
                  letter == '.' || letter == '-';
         });
}

// A block keeps every character of a text but these.
bool FitsInBlock(const std::string& text) {
  return text.find('\n') != std::string::npos &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return letter == '\n' || static_cast<unsigned char>(letter) >= ' ';
         });
}

// Whether something in it is read best in lines of its own.
bool HasBlock(const Json& value) {
  if (value.text() != nullptr) return FitsInBlock(*value.text());
  const auto members = value.members();
  return std::any_of(members.begin(), members.end(),
                     [](const auto& member) { return HasBlock(member.second); });
}

void AddBlock(const std::string& head, const std::string& text, int indent,
              std::vector<std::string>& lines) {
  size_t feeds = 0;
  while (feeds < text.size() && text[text.size() - 1 - feeds] == '\n') ++feeds;
  const char* end = feeds == 0 ? "-" : feeds == 1 ? "" : "+";
  // Without the number a first line that is indented would set the block's indentation.
  const bool shifted = text[text.find_first_not_of('\n')] == ' ';
  lines.push_back(absl::StrCat(head, " |", shifted ? absl::StrCat(kStep) : "", end));
  std::string content = text;
  if (feeds > 0) content.pop_back();
  for (const auto line : absl::StrSplit(content, '\n')) {
    lines.push_back(line.empty() ? ""
                                 : absl::StrCat(std::string(static_cast<size_t>(indent), ' '),
                                                std::string(line)));
  }
}

void AddMembers(const Json& object, int indent, int width, std::vector<std::string>& lines) {
  for (const auto& [key, value] : object.members()) {
    const std::string head = absl::StrCat(std::string(static_cast<size_t>(indent), ' '),
                                          IsPlain(key) ? key : Json(key).Print(), ":");
    const std::string* text = value.text();
    if (text != nullptr && FitsInBlock(*text) &&
        text->find_first_not_of('\n') != std::string::npos) {
      AddBlock(head, *text, indent + kStep, lines);
      continue;
    }
    const std::string line = absl::StrCat(head, " ", value.Print());
    if (value.members().empty() || (DisplayWidth(line) <= width && !HasBlock(value))) {
      lines.push_back(line);
      continue;
    }
    lines.push_back(head);
    AddMembers(value, indent + kStep, width, lines);
  }
}

}  // namespace

std::vector<std::string> SearchFileLines(const v1::SearchSpec& spec, int width) {
  std::vector<std::string> lines;
  AddMembers(spec::ToJson(spec), 0, width, lines);
  return lines;
}

}  // namespace nascent::cli
