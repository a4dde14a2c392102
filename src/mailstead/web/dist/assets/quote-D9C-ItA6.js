<<<<<<<< HEAD:src/mailstead/web/dist/assets/quote-B03CzwYV.js
import{d as e,r as t,t as n}from"./sanitize-BI1bozY1.js";async function r(r){let i=r.htmlBody.map(n=>{let i=r.bodyValues?.[n.partId??``]?.value??``;return n.type===`text/html`?i:n.type.startsWith(`text/`)?t(e(n,i)):``});return(await n(i.join(`<hr>`),void 0,!0)).body}export{r as quotedHtml};
========
import{d as e,r as t,t as n}from"./sanitize-DPxNDTUH.js";async function r(r){let i=r.htmlBody.map(n=>{let i=r.bodyValues?.[n.partId??``]?.value??``;return n.type===`text/html`?i:n.type.startsWith(`text/`)?t(e(n,i)):``});return(await n(i.join(`<hr>`),void 0,!0)).body}export{r as quotedHtml};
>>>>>>>> a3cb77a1 (The client as its sources build it):src/mailstead/web/dist/assets/quote-D9C-ItA6.js
