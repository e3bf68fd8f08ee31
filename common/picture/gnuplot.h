// How all our plots look: one style for what `nascent plot` and `nascent simulate` draw.

#ifndef NASCENT_COMMON_PICTURE_GNUPLOT_H_
#define NASCENT_COMMON_PICTURE_GNUPLOT_H_

#include <string>
#include <string_view>

#include "common/picture/draw.h"

namespace nascent::picture {

// A text in double quotes for gnuplot, without its markup and without line feeds.
std::string Quoted(std::string_view text);

// "validation_accuracy" → "validation accuracy (%)": a metric's name as an axis' title.
std::string AxisTitle(std::string_view metric);

// What a metric's values are multiplied with to fit AxisTitle: 100 for accuracies, which are
// fractions, else 1.
double AxisFactor(std::string_view metric);

// The beginning of every script: terminal, title, borders, grid, colours 1 to 8 as linetypes, and
// the legend above the plot, where it covers neither data nor titles. `panels`: plots side by side,
// for which the size is made larger; the title is the multiplot's where there are several.
std::string StyleScript(Format format, std::string_view title, int panels = 1);

// Colours with a meaning.
inline constexpr char kFrontColour[] = "#d95f02";
inline constexpr char kBoundColour[] = "#b2182b";

}  // namespace nascent::picture

#endif  // NASCENT_COMMON_PICTURE_GNUPLOT_H_
