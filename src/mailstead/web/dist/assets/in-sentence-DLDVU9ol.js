<<<<<<<< HEAD:src/mailstead/web/dist/assets/in-sentence-DLDVU9ol.js
import{H as e,W as t,_t as n,q as r}from"./index-ZQtfFBKf.js";function i(i,a=r()){let o=t(i,a);return Math.abs(e(new Date(i),a))<2?o.charAt(0).toLocaleLowerCase(n.tag)+o.slice(1):o}export{i as t};
========
import{H as e,W as t,gt as n,q as r}from"./index-7wJLHXQA.js";function i(i,a=r()){let o=t(i,a);return Math.abs(e(new Date(i),a))<2?o.charAt(0).toLocaleLowerCase(n.tag)+o.slice(1):o}export{i as t};
>>>>>>>> a3cb77a1 (The client as its sources build it):src/mailstead/web/dist/assets/in-sentence-DSAGhi8S.js
