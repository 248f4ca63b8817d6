/* An assessor's decision: the EIP-712 document follows the form, the wallet signs it. */
import { hex, keccak, text } from "./bytes.js";

const form = document.querySelector("[data-decision]");
if (form) {
  const state = form.querySelector("[data-wallet-state]");
  const shown = form.querySelector("[data-document]");

  function filled() {
    const typed = JSON.parse(form.dataset.typed);
    typed.message.approve = form.elements.word.value === "approve";
    typed.message.reasonHash = hex(keccak(text(form.elements.reason.value)));
    typed.message.deadline = Number(form.elements.deadline.value);
    return typed;
  }

  form.addEventListener("input", () => { shown.textContent = JSON.stringify(filled(), null, 1); });
  form.addEventListener("submit", (event) => {
    if (form.elements.signature.value) return;
    event.preventDefault();
    state.textContent = "Paste a signature, or sign with a wallet.";
  });
  form.querySelector("[data-wallet-button]").addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    try {
      state.textContent = "Waiting for the wallet …";
      const account = await window.flowcoverWallet.account();
      const document_ = JSON.stringify(filled());
      form.elements.signature.value = await window.flowcoverWallet.ask("eth_signTypedData_v4", [account, document_]);
      form.submit();
    } catch (error) {
      state.textContent = error.message;
    }
  });
}
