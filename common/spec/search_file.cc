#include "common/spec/search_file.h"

#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/spec/document.h"
#include "common/spec/message_reader.h"
#include "common/spec/message_text.h"

namespace nascent::spec {
namespace {

bool IsTextFormat(std::string_view file_name) {
  for (const std::string_view ending : {".textproto", ".txtpb", ".pbtxt", ".prototxt"}) {
    if (file_name.ends_with(ending)) return true;
  }
  return false;
}

absl::Status CheckSpace(const SearchFile& file) {
  const v1::SpaceSpec& space = file.spec.space();
  std::vector<std::string> found;
  if (!space.preset().empty()) found.push_back("preset");
  if (!space.file().empty()) found.push_back("file");
  if (!space.template_().empty()) found.push_back("template");
  if (found.size() == 1) return absl::OkStatus();
  return file.source.Locate(absl::InvalidArgumentError(
      absl::StrCat("space: found ", found.empty() ? "none" : absl::StrJoin(found, " and "),
                   ", expected exactly one of preset, file, template")));
}

}  // namespace

absl::StatusOr<SearchFile> ParseSearchFile(std::string_view text, std::string_view file_name) {
  SearchFile file{.spec = {}, .source = SourceMap(file_name), .template_path = ""};
  if (IsTextFormat(file_name)) {
    absl::Status status = CheckPlainText(text, file_name);
    if (status.ok()) status = ReadTextFormat(text, file.spec, file.source);
    // Escapes can write any bytes.
    if (status.ok()) status = file.source.Locate(CheckTexts(file.spec));
    if (!status.ok()) return status;
  } else {
    const absl::StatusOr<DocumentNodePtr> document = ParseDocument(text, file_name);
    if (!document.ok()) return document.status();
    if ((*document)->kind != DocumentNode::Kind::kMap) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s:%d: found %s, expected the fields of a search (name, space, data, …)",
                          file_name, (*document)->line, Describe(**document)));
    }
    const absl::Status status = ReadMessage(**document, file.spec, file.source);
    if (!status.ok()) return status;
  }
  const absl::Status status = CheckSpace(file);
  if (!status.ok()) return status;
  return file;
}

absl::StatusOr<SearchFile> ReadSearchFile(const std::string& path) {
  const DocumentLimits limits;
  const absl::StatusOr<std::string> text = ReadTextFile(path, limits.bytes);
  if (!text.ok()) return text.status();
  absl::StatusOr<SearchFile> file =
      ParseSearchFile(*text, path == "-" ? std::string("(standard input)") : path);
  if (!file.ok() || file->spec.space().file().empty()) return file;

  const std::filesystem::path folder =
      path == "-" ? std::filesystem::path() : std::filesystem::path(path).parent_path();
  file->template_path = (folder / file->spec.space().file()).string();
  absl::StatusOr<std::string> content = ReadTextFile(file->template_path, limits.bytes);
  if (!content.ok()) {
    return file->source.Locate(
        absl::InvalidArgumentError(absl::StrCat("space.file: ", content.status().message())));
  }
  if (absl::Status status = CheckPlainText(*content, file->template_path); !status.ok()) {
    return status;
  }
  file->spec.mutable_space()->clear_file();
  file->spec.mutable_space()->set_template_(*std::move(content));
  return file;
}

}  // namespace nascent::spec
