<<<<<<<< HEAD:src/mailstead/web/dist/assets/refusal-B6qNDWjn.js
import{yt as e}from"./index-B52zOwyY.js";var t=/no \[outbound\] smarthost/;function n({type:n,description:r,properties:i}){let a=r||(i?.length?`${n}: ${i.join(`, `)}`:n);return t.test(a)?e(`compose.no_way_out`,{why:a}):a}export{n as t};
========
import{xt as e}from"./index-DW21_TOy.js";var t=/no \[outbound\] smarthost/;function n({type:n,description:r,properties:i}){let a=r||(i?.length?`${n}: ${i.join(`, `)}`:n);return t.test(a)?e(`compose.no_way_out`,{why:a}):a}export{n as t};
>>>>>>>> 5bb8681f (What pictures of every screen have shown: empty places share one look and have a way on, one distance below titles in the settings, fields of days that say what is chosen, flags, menus; styles of settings, pages and palette come with them):src/mailstead/web/dist/assets/refusal--FQrZkXb.js
