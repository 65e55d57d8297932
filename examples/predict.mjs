// Tags sentences with a trained model:
//   node examples/predict.mjs runs/example/best 市第一人民医院在中山路上。
import { GlobalPointer } from "globalpointer";

const [directory = "runs/example/best", ...texts] = process.argv.slice(2);
const model = await GlobalPointer.load(directory);
try {
  for (const { text, entities } of await model.predict(texts)) {
    console.log(text);
    for (const { start, end, type, score } of entities) {
      console.log(`  ${type}  ${text.slice(start, end)}  [${start}, ${end})  ${(score ?? 0).toFixed(2)}`);
    }
  }
} finally {
  await model.dispose();
}
