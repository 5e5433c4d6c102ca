// SPDX-License-Identifier: Apache-2.0

// docs/reference/openapi.json as it lies in the program.
asm(".section .rodata\n"
    ".global titer_openapi_begin\n.hidden titer_openapi_begin\n"
    "titer_openapi_begin:\n.incbin \"" TITER_OPENAPI
    "\"\n"
    ".global titer_openapi_end\n.hidden titer_openapi_end\n"
    "titer_openapi_end:\n.byte 0\n.section .text\n");
