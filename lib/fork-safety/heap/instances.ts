// All living objects of a class, found by V8 itself: what a library made and only the app holds.
import { Session, type Runtime } from 'node:inspector';

const exchange = Symbol.for('pitchfork-ts.instances');
const ours = globalThis as { [exchange]?: object };

/**
 * Everything that has `prototype` in its chain. Takes a full garbage collection, some 100 ms; the
 * session answers before `post` returns.
 */
export function instancesOf(prototype: object): object[] {
  const session = new Session();
  session.connect();
  try {
    ours[exchange] = prototype;
    const { result } = post<Runtime.EvaluateReturnType>(session, 'Runtime.evaluate', {
      expression: `globalThis[Symbol.for('${exchange.description}')]`,
    });
    const { objects } = post<Runtime.QueryObjectsReturnType>(session, 'Runtime.queryObjects', {
      prototypeObjectId: result.objectId,
    });
    const found: object[] = [];
    ours[exchange] = found;
    post(session, 'Runtime.callFunctionOn', {
      objectId: objects.objectId,
      functionDeclaration: `function () {
        for (const object of this) globalThis[Symbol.for('${exchange.description}')].push(object);
      }`,
    });
    // The prototype of a class that extends it is no instance.
    return found.filter((object) => !Object.hasOwn(object, 'constructor'));
  } finally {
    delete ours[exchange];
    session.disconnect();
  }
}

function post<Answer>(session: Session, method: string, params: object): Answer {
  let answer: object | undefined;
  session.post(method, params, (error, result) => {
    if (error) throw error;
    answer = result;
  });
  if (!answer) throw new Error(`the inspector did not answer ${method} at once`);
  return answer as Answer;
}
