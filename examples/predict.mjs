// Tags sentences with a trained model:
//   node examples/predict.mjs runs/example/best 张伟在北京大学工作。
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
