// Shows a PDF with pdf.js, page by page as it comes into sight.
const box = document.getElementById("viewer");
const pdfjs = await import(box.dataset.library);
pdfjs.GlobalWorkerOptions.workerSrc = box.dataset.worker;

function say(number, count) {
  return box.dataset.page.replace("{number}", number).replace("{count}", count);
}

async function draw(pdf, number, canvas) {
  const page = await pdf.getPage(number);
  const plain = page.getViewport({ scale: 1 });
  const width = Math.min(box.clientWidth - 18, 1100);
  const viewport = page.getViewport({ scale: (width / plain.width) * (window.devicePixelRatio || 1) });
  canvas.width = viewport.width;
  canvas.height = viewport.height;
  await page.render({ canvas, viewport }).promise;
  canvas.dataset.drawn = "yes";
}

try {
  const assets = new URL(box.dataset.assets, location.href).href;
  const pdf = await pdfjs.getDocument({
    url: box.dataset.file, isEvalSupported: false, enableXfa: false,
    standardFontDataUrl: assets + "standard_fonts/", wasmUrl: assets + "wasm/",
    disableRange: true, disableStream: true,
  }).promise;
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        seen.unobserve(entry.target);
        draw(pdf, Number(entry.target.dataset.number), entry.target);
      }
    }
  }, { root: box, rootMargin: "600px" });
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const canvas = document.createElement("canvas");
    canvas.dataset.number = number;
    canvas.width = 600;
    canvas.height = 848;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", say(number, pdf.numPages));
    box.append(canvas);
    seen.observe(canvas);
  }
} catch (error) {
  const told = document.createElement("p");
  told.textContent = box.dataset.failed;
  box.append(told);
}
