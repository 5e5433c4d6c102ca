// SPDX-License-Identifier: Apache-2.0

// The packed tables as they lie in the program: taken in by the assembler, so a megabyte costs no compile time and,
// being read-only pages of the file, no memory until it is looked at.
asm(R"(
  .section .rodata
  .balign 16
  .global titer_tables_begin
  .hidden titer_tables_begin
titer_tables_begin:
  .incbin ")" TITER_TABLES R"("
  .byte 0
  .section .text
)");
