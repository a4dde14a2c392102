<<<<<<<< HEAD:src/mailstead/web/dist/assets/quote-CXdiH13I.js
import{d as e,r as t,t as n}from"./sanitize-wSsn-K1s.js";async function r(r){let i=r.htmlBody.map(n=>{let i=r.bodyValues?.[n.partId??``]?.value??``;return n.type===`text/html`?i:n.type.startsWith(`text/`)?t(e(n,i)):``});return(await n(i.join(`<hr>`),void 0,!0)).body}export{r as quotedHtml};
========
import{d as e,r as t,t as n}from"./sanitize-CVHEDuZD.js";async function r(r){let i=r.htmlBody.map(n=>{let i=r.bodyValues?.[n.partId??``]?.value??``;return n.type===`text/html`?i:n.type.startsWith(`text/`)?t(e(n,i)):``});return(await n(i.join(`<hr>`),void 0,!0)).body}export{r as quotedHtml};
>>>>>>>> 5bb8681f (What pictures of every screen have shown: empty places share one look and have a way on, one distance below titles in the settings, fields of days that say what is chosen, flags, menus; styles of settings, pages and palette come with them):src/mailstead/web/dist/assets/quote-nbzVFE3t.js
