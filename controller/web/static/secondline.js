// What a page does beyond htmx: the keyboard.
"use strict";
