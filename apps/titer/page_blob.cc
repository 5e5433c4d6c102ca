// SPDX-License-Identifier: Apache-2.0

// The packed page as it lies in the program: taken in by the assembler, like the tables (registry/tables_blob.cc).
asm(R"(
  .section .rodata
  .balign 16
  .global titer_page_begin
  .hidden titer_page_begin
titer_page_begin:
  .incbin ")" TITER_PAGE R"("
  .global titer_page_end
  .hidden titer_page_end
titer_page_end:
  .byte 0
  .section .text
)");
