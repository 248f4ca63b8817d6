/* Signs in with a wallet; and lets other scripts ask it. The wallet is the browser's EIP-1193 one. */
"use strict";
window.flowcoverWallet = {
  async account() {
    if (!window.ethereum) throw new Error("No wallet in this browser. Install one, or sign elsewhere.");
    const [account] = await window.ethereum.request({ method: "eth_requestAccounts" });
    if (!account) throw new Error("The wallet gave no account.");
    return account;
  },
  ask: (method, params) => window.ethereum.request({ method, params }),
};
(function () {
  const form = document.querySelector("[data-wallet-sign-in]");
  if (!form) return;
  const state = form.querySelector("[data-wallet-state]");
  form.querySelector("[data-wallet-button]").addEventListener("click", async () => {
    try {
      state.textContent = "Waiting for the wallet …";
      const account = await flowcoverWallet.account();
      const answer = await fetch(`${document.body.dataset.root}/sign-in/message?wallet=${account}`);
      if (!answer.ok) throw new Error("This page is too old: load it again.");
      const { message, issued } = await answer.json();
      const bytes = new TextEncoder().encode(message);
      const hex = "0x" + [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
      form.elements.signature.value = await flowcoverWallet.ask("personal_sign", [hex, account]);
      form.elements.wallet.value = account;
      form.elements.issued.value = issued;
      form.submit();
    } catch (error) {
      state.textContent = error.message;
    }
  });
})();
