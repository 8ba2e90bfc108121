#!/bin/sh
# headers.sh COMPILER SOURCES: compiles each public header by itself, and a host program, with
# nothing but include/ to find files of bnsyn in. Fails if one includes a file of the inside or of
# LLVM.
compiler=$1
cd "$2" || exit 2
failed=0
for file in include/bnsyn/*.h examples/host/first.cpp; do
  if ! included=$("$compiler" -std=c++20 -Wall -Wextra -Werror -Wno-pragma-once-outside-header \
      -fsyntax-only -H -I include -x c++ "$file" 2>&1); then
    printf '%s\n%s does not compile by itself\n' "$included" "$file"
    failed=1
  fi
  inside=$(printf '%s\n' "$included" |
    grep -E '^\.+ .*((^|[ /])(ir|reference|compiler|runtime|tools)/[a-z_/]+\.h|/llvm(-c)?/[A-Z])')
  if [ -n "$inside" ]; then
    printf '%s includes the inside:\n%s\n' "$file" "$inside"
    failed=1
  fi
done
exit $failed
