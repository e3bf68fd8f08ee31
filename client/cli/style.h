// Colours and shapes on a terminal.

#ifndef NASCENT_CLIENT_CLI_STYLE_H_
#define NASCENT_CLIENT_CLI_STYLE_H_

#include <string>
#include <string_view>
#include <vector>

namespace nascent::cli {

enum class Ink { kPlain, kBold, kDim, kGood, kBad, kBusy, kAccent };

// Turns words into coloured words, or leaves them alone.
class Style {
 public:
  explicit Style(bool colours) : colours_(colours) {}
  bool colours() const { return colours_; }
  std::string Paint(std::string_view text, Ink ink) const;

 private:
  bool colours_;
};

// Columns that a text takes: code points, without colour sequences.
int DisplayWidth(std::string_view text);

// Text of at most `width` columns, with … where something was cut. The text has no colours.
std::string Shorten(std::string_view text, int width);

// A line that may have colours, cut to `width` columns: one that wraps would spoil a redrawn
// picture. Ends in … where it was cut; a number is there whole or not at all.
std::string Clip(std::string_view line, int width);

// A text without colours in lines of at most `width` columns, broken at spaces, else after one of
// |+,;:/, else between the words of a name, and only where there are none within a word. Spaces at
// breaks are dropped.
std::vector<std::string> Wrap(std::string_view text, int width);

// Filled up with spaces to `width` columns.
std::string PadRight(std::string_view text, int width);
std::string PadLeft(std::string_view text, int width);

// A bar of `width` columns of which the share [0, 1] is full.
std::string Bar(double share, int width, const Style& style);

}  // namespace nascent::cli

#endif  // NASCENT_CLIENT_CLI_STYLE_H_
