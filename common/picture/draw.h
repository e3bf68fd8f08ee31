// Pictures in files: what gnuplot or Graphviz draws, written whole or not at all.

#ifndef NASCENT_COMMON_PICTURE_DRAW_H_
#define NASCENT_COMMON_PICTURE_DRAW_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nascent::picture {

enum class Format { kPng, kSvg, kPdf };

// By the ending of a file's name. INVALID_ARGUMENT: it is none of .png, .svg and .pdf.
absl::StatusOr<Format> FormatOf(std::string_view path);

// Draws a gnuplot script (see gnuplot.h), which must not name an output. NOT_FOUND: gnuplot is not
// installed; other codes: it failed, or the file can't be written (see output_file.h).
absl::Status DrawWithGnuplot(const std::string& script, const std::string& path);

// The same for a graph in the language of Graphviz.
absl::Status DrawWithGraphviz(const std::string& dot, const std::string& path);

}  // namespace nascent::picture

#endif  // NASCENT_COMMON_PICTURE_DRAW_H_
