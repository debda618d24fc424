/** The tab's picture: a bridge, drawn for this product. */
export const favicon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#0b5d4e"/>
<path d="M4 21h24M7 21c0-6 4-10 9-10s9 4 9 10M12 21v-9M16 21V11M20 21v-9" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round"/>
</svg>`
