#include "common/picture/draw.h"

#include "absl/strings/str_cat.h"
#include "common/output_file.h"
#include "common/picture/filter.h"
#include "common/status_macros.h"

namespace nascent::picture {
namespace {

// How a picture of this format ends when nothing of it is missing.
std::string_view End(Format format) {
  switch (format) {
    case Format::kPng:
      return "IEND\xae\x42\x60\x82";
    case Format::kSvg:
      return "</svg>\n";
    case Format::kPdf:
      return "%%EOF\n";
  }
  return "";
}

absl::Status Write(const absl::StatusOr<std::string>& drawn, const std::string& path,
                   const char* program, const char* package) {
  if (absl::IsNotFound(drawn.status())) {
    return absl::NotFoundError(absl::StrCat(program, " is not installed (package ", package,
                                            "), so ", path, " is not drawn"));
  }
  if (!drawn.ok()) return drawn.status();
  std::string_view content = *drawn;
  while (content.ends_with("\n\n")) content.remove_suffix(1);
  NASCENT_ASSIGN_OR_RETURN(const auto format, FormatOf(path));
  if (!content.ends_with(End(format))) {
    return absl::InternalError(absl::StrCat(path, ": ", program, " wrote ", content.size(),
                                            " bytes, not a whole picture"));
  }
  return WriteOutputFile(path, content);
}

}  // namespace

absl::StatusOr<Format> FormatOf(std::string_view path) {
  if (path.ends_with(".png")) return Format::kPng;
  if (path.ends_with(".svg")) return Format::kSvg;
  if (path.ends_with(".pdf")) return Format::kPdf;
  return absl::InvalidArgumentError("a picture's file must end in .png, .svg or .pdf");
}

absl::Status DrawWithGnuplot(const std::string& script, const std::string& path) {
  return Write(RunFilter({"gnuplot", "-"}, script), path, "gnuplot", "gnuplot-nox");
}

absl::Status DrawWithGraphviz(const std::string& dot, const std::string& path) {
  return Write(RunFilter({"dot", absl::StrCat("-T", path.substr(path.rfind('.') + 1))}, dot), path,
               "dot", "graphviz");
}

}  // namespace nascent::picture
