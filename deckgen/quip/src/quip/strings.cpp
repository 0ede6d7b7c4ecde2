// QUIP hands its arguments around in 30,000-character strings, mostly blanks, and lowers their case, copies and
// compares them many times in every evaluation, in code compiled without optimisation. Found first by the loader, these
// functions do the same work in a small part of the time. (-O3 makes vector code of the loops.)
#include <algorithm>
#include <cstddef>
#include <cstring>

#define EXPORTED extern "C" __attribute__((visibility("default")))

// Fortran: function lower_case(word) result(lower), character(len(word)).
EXPORTED void __system_module_MOD_lower_case(char *__restrict lower, size_t, const char *__restrict word, size_t length)
{
  for (size_t i = 0; i < length; ++i) {
    const unsigned char c = static_cast<unsigned char>(word[i]);
    lower[i] = static_cast<char>(c + (static_cast<unsigned char>(c - 'A') < 26 ? 32 : 0));
  }
}

static bool is_blank(const char *block)
{
  static const char blanks[] = "                                                                ";
  return std::memcmp(block, blanks, 64) == 0;
}

// Fortran: len_trim(text).
EXPORTED size_t _gfortran_string_len_trim(size_t length, const char *text)
{
  while (length >= 64 && is_blank(text + length - 64)) length -= 64;
  while (length > 0 && text[length - 1] == ' ') --length;
  return length;
}

static size_t leading_blanks(const char *text, size_t length)
{
  size_t i = 0;
  while (i + 64 <= length && is_blank(text + i)) i += 64;
  while (i < length && text[i] == ' ') ++i;
  return i;
}

// Fortran's comparison: -1, 0 or 1, the shorter string filled up with blanks.
EXPORTED int _gfortran_compare_string(size_t length_a, const char *a, size_t length_b, const char *b)
{
  const size_t common = std::min(length_a, length_b);
  const int order = std::memcmp(a, b, common);
  if (order != 0) return order;
  const bool a_is_longer = length_a > length_b;
  const char *rest = (a_is_longer ? a : b) + common;
  const size_t length = std::max(length_a, length_b) - common;
  const size_t i = leading_blanks(rest, length);
  if (i == length) return 0;
  const bool rest_is_greater = static_cast<unsigned char>(rest[i]) > ' ';
  return rest_is_greater == a_is_longer ? 1 : -1;
}
